"""The addresses of Redis and the database: TLS is never without a check of the server, and a real server is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from models.database.engine import connect
from tests.support.gateway.certificates import certificate
from tests.support.servers import MariaDB
from workers.settings import SettingsError, read_settings
from workers.settings.servers import has_password, is_encrypted, is_remote, redis_tls

DATABASE = "mysql+mysqldb://fleet:geheim@db/phonefleet"
REDIS = "rediss://fleet:geheim@redis:6380/0"
HERE = str(Path(__file__))  # a file that is there


@pytest.mark.parametrize("variable", ["PHONEFLEET_DATABASE_URL", "PHONEFLEET_DATABASE_DDL_URL"])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (f"ssl_ca={HERE}", "has ssl_ca without ssl_mode"),
        (f"charset=utf8mb4&ssl_ca={HERE}", "has ssl_ca without ssl_mode"),
        (f"ssl_cert={HERE}&ssl_key={HERE}", "without ssl_mode"),
        (f"ssl_ca={HERE}&ssl_mode=REQUIRED", "has ssl_mode=REQUIRED: the client would go on in plain text"),
        ("ssl_mode=REQUIRED", "Write ssl_mode=VERIFY_IDENTITY"),
        ("ssl_mode=PREFERRED", "Write ssl_mode=VERIFY_IDENTITY"),
        ("ssl_mode=verify_identity", "Write ssl_mode=VERIFY_IDENTITY"),
        ("ssl_mode=", "Write ssl_mode=VERIFY_IDENTITY"),
        (f"ssl_mode=DISABLED&ssl_ca={HERE}", "has ssl_mode=DISABLED"),
        ("ssl=true", "has the option ssl, and those of TLS are"),
        ("sslmode=verify-full", "has the option sslmode"),
        ("SSL_MODE=VERIFY_CA", "has the option SSL_MODE"),
        ("tls=1", "has the option tls"),
        ("ssl_verify_cert=true", "has the option ssl_verify_cert"),
        ("ssl_mode=VERIFY_CA&ssl_mode=DISABLED", "twice"),
        ("ssl_mode=VERIFY_CA&ssl_ca=/nowhere/ca.pem", "names '/nowhere/ca.pem' as its ssl_ca"),
        ("ssl_mode=VERIFY_CA&ssl_ca=", "names '' as its ssl_ca"),
        ("ssl_mode=VERIFY_IDENTITY&ssl_check_hostname=false", "no check of the server's name"),
    ],
)
def test_tls_to_the_database_without_a_check_is_refused(variable: str, options: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({variable: f"{DATABASE}?{options}"})
    assert refusal.value.variable == variable
    assert reason in refusal.value.reason
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"{REDIS}?ssl_cert_reqs=none", "no check of the server's certificate"),
        (f"{REDIS}?ssl_cert_reqs=CERT_NONE", "no check of the server's certificate"),
        (f"{REDIS}?ssl_cert_reqs=optional", "no check of the server's certificate"),
        (f"{REDIS}?ssl_check_hostname=false", "no check of the server's name"),
        (f"{REDIS}?ssl_check_hostname=0", "no check of the server's name"),
        (f"{REDIS}?ssl_ca_certs=/nowhere/ca.pem", "there is no such file"),
        (f"{REDIS}?ssl_ca={HERE}", "has the option ssl_ca, and those of TLS are ssl_ca_certs"),
        (f"{REDIS}?ssl=true", "has the option ssl"),
        (f"redis://redis:6379/0?ssl_ca_certs={HERE}", "redis:// is plain text: write rediss://"),
    ],
)
def test_tls_to_redis_without_a_check_is_refused(url: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({"PHONEFLEET_REDIS_URL": url})
    assert reason in refusal.value.reason
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "remote", "encrypted", "password"),
    [
        ("redis://127.0.0.1:6379/0", False, False, False),
        ("redis://:geheim@localhost/0", False, False, True),
        ("redis://[::1]:6379/0", False, False, False),
        ("redis://127.9.9.9/0", False, False, False),
        ("redis://redis.localhost/0", False, False, False),
        ("redis://10.0.0.7/0", True, False, False),
        ("redis://redis.example/0?password=x", True, False, True),
        ("redis://localhost.example/0", True, False, False),
        ("redis://user@redis.example/0", True, False, False),
        ("redis://:@redis.example/0", True, False, False),
        ("rediss://user:geheim@redis.example/0", True, True, True),
        (f"rediss://redis.example/0?ssl_ca_certs={HERE}", True, True, False),
        ("sqlite:///var/phonefleet.db", False, False, True),
        ("mysql+mysqldb://root@/x?unix_socket=/run/mysqld/mysqld.sock", False, False, True),
        ("mysql+mysqldb://root@127.0.0.1/x", False, False, False),
        ("mysql+mysqldb://fleet:geheim@db/x", True, False, True),
        ("mysql+mysqldb://fleet:geheim@db/x?ssl_mode=DISABLED", True, False, True),
        ("mysql+mysqldb://fleet:geheim@[fd00::7]/x?ssl_mode=VERIFY_CA", True, True, True),
        (f"mysql+mysqldb://fleet:geheim@db/x?ssl_mode=VERIFY_IDENTITY&ssl_ca={HERE}", True, True, True),
    ],
)
def test_what_an_address_says_of_its_connection(url: str, remote: bool, encrypted: bool, password: bool) -> None:
    variable = "PHONEFLEET_REDIS_URL" if url.startswith("redis") else "PHONEFLEET_DATABASE_URL"
    chosen = read_settings({variable: url})
    assert url in (chosen.redis_url, chosen.database_url)
    assert (is_remote(url), is_encrypted(url), has_password(url)) == (remote, encrypted, password)


def test_celery_is_told_to_check_the_certificate() -> None:
    assert redis_tls("redis://127.0.0.1/0") is None
    assert redis_tls(REDIS) == {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    assert redis_tls(f"{REDIS}?ssl_ca_certs={HERE}")["ssl_ca_certs"] == HERE  # type: ignore[index]


def test_a_user_for_changes_of_tables_is_one_of_a_server() -> None:
    assert read_settings({}).database_ddl_url is None
    assert read_settings({"PHONEFLEET_DATABASE_DDL_URL": DATABASE}).database_ddl_url == DATABASE
    with pytest.raises(SettingsError, match="SQLite file, which has no users"):
        read_settings({"PHONEFLEET_DATABASE_DDL_URL": "sqlite:///var/phonefleet.db"})


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A database on a server with a certificate for 127.0.0.1, for a user who must use TLS; and its authority."""
    folder = tmp_path_factory.mktemp("tls")
    chain, authority = certificate(folder, "127.0.0.1")
    with MariaDB(f"--ssl-cert={chain}", f"--ssl-key={chain}") as server, server.database() as url:
        mine = server.user(url, "tls", ["ALL"]).partition("?")[0]
        user = mine.partition("://")[2].partition("@")[0]
        server.execute(f"ALTER USER '{user}'@'127.0.0.1' REQUIRE SSL")
        yield mine, authority


def accepted(url: str) -> Engine:
    return connect(read_settings({"PHONEFLEET_DATABASE_URL": url}).database_url)


def cipher(url: str) -> str:
    engine = accepted(url)
    with engine.connect() as connection:
        found = connection.execute(text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).one()
    engine.dispose()
    return str(found[1])


@pytest.mark.parametrize("mode", ["VERIFY_IDENTITY", "VERIFY_CA"])
def test_the_documented_address_encrypts(mode: str, encrypted: tuple[str, Path]) -> None:
    url, authority = encrypted
    assert cipher(f"{url}?charset=utf8mb4&ssl_ca={authority}&ssl_mode={mode}")


def refused(url: str) -> int:
    with pytest.raises(OperationalError) as refusal, accepted(url).connect():
        pass
    assert refusal.value.orig is not None
    return int(refusal.value.orig.args[0])


def test_other_servers_are_refused(encrypted: tuple[str, Path], mariadb_database: str, tmp_path: Path) -> None:
    url, authority = encrypted
    _, stranger = certificate(tmp_path, "127.0.0.1")
    checked = "ssl_mode=VERIFY_IDENTITY"
    tls_error, denied = 2026, 1045
    assert refused(f"{url}?ssl_ca={stranger}&{checked}") == tls_error  # signed by somebody else
    assert refused(f"{url}?{checked}") == tls_error  # by no public authority
    other_name = url.replace("@127.0.0.1:", "@127.1:")
    assert refused(f"{other_name}?ssl_ca={authority}&{checked}") == tls_error
    plain = mariadb_database.partition("?")[0]  # this server has no TLS, as one that somebody put in between
    assert refused(f"{plain}?ssl_ca={authority}&{checked}") == tls_error
    assert refused(url) == denied  # the user must use TLS
