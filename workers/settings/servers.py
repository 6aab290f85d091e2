"""Readers of the addresses of Redis and of the database, and what doctor asks of such an address.

TLS without a check of the certificate protects from nobody who can answer in the server's place, so an address with TLS
always has the check. docs/operations.md has the forms; docs/decisions/encrypted-connections.md has the reasons.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from workers.settings.sentinels import SCHEME, sentinels

_NO_HOST = re.compile(r"[^A-Za-z0-9._:%-]")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_FILES_OF_REDIS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OF_REDIS = (*_FILES_OF_REDIS, "ssl_cert_reqs", "ssl_check_hostname")
_FILES_OF_MYSQL = ("ssl_ca", "ssl_cert", "ssl_key", "ssl_capath")
_OF_MYSQL = (*_FILES_OF_MYSQL, "ssl_cipher", "ssl_mode", "ssl_check_hostname")
# The modes in which MariaDB's client library refuses a server without TLS; with REQUIRED it goes on in plain text.
CHECKED_MODES = ("VERIFY_IDENTITY", "VERIFY_CA")
UNENCRYPTED_MODE = "DISABLED"


def redis_url(value: str) -> str:
    """Returns the address when redis-py can use it; over TLS only with a check of the server's certificate."""
    parts = _parsed(value)
    if parts.scheme not in ("redis", "rediss", SCHEME):
        raise ValueError("is not a Redis address")
    _check_number(parts)
    asked = sentinels(value)
    for host, port in asked.places if asked else ():
        _host_and_port(urlsplit(f"//[{host}]:{port}" if ":" in host else f"//{host}:{port}"))
    return value if asked else _one_redis(value, parts)


def _check_number(parts: SplitResult) -> None:
    number = parts.path.strip("/")
    if number and not _WHOLE.fullmatch(number):
        raise ValueError(f"names the database {number!r}, and Redis's databases are numbers")


def _one_redis(value: str, parts: SplitResult) -> str:
    _host_and_port(parts)
    asked = _options_of_tls(parts, _OF_REDIS)
    if asked and parts.scheme == "redis":
        raise ValueError(f"has {next(iter(asked))}, and redis:// is plain text: write rediss://")
    if asked.get("ssl_cert_reqs", "required") not in ("required", "CERT_REQUIRED"):
        raise ValueError("asks for no check of the server's certificate: leave ssl_cert_reqs out")
    if asked.get("ssl_check_hostname", "true").lower() != "true":
        raise ValueError("asks for no check of the server's name: leave ssl_check_hostname out")
    _check_files(asked, _FILES_OF_REDIS)
    return value


def redis_tls(url: str) -> Mapping[str, Any] | None:
    """Returns the options of TLS for Celery and Flower; None for a Redis in plain text.

    kombu checks no certificate unless its options say so (kombu/connection.py), whatever redis-py does by itself.
    """
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return None
    asked = dict(parse_qsl(parts.query))
    files = {name: asked[name] for name in _FILES_OF_REDIS if name in asked}
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **files}


def database_url(value: str) -> str:
    """Returns the address when it is an SQLite file, or a MySQL database reached through mysqlclient."""
    parts = _parsed(value)
    backend, _, driver = parts.scheme.partition("+")
    if backend not in ("sqlite", "mysql", "mariadb"):
        raise ValueError("is neither an SQLite nor a MySQL address")
    if backend == "sqlite":
        return _sqlite_url(value, driver)
    if driver not in ("", "mysqldb"):
        raise ValueError(f"asks for the driver {driver}, and the ledger speaks through mysqlclient alone")
    if "unix_socket=" not in parts.query:
        _host_and_port(parts)
    if not parts.path.strip("/"):
        raise ValueError("names no database")
    _check_mysql_tls(_options_of_tls(parts, _OF_MYSQL))
    return value


def database_url_or_none(value: str) -> str | None:
    """Returns the address of a MySQL database, or None for an empty value."""
    if not value:
        return None
    if value.startswith("sqlite"):
        raise ValueError("is an SQLite file, which has no users")
    return database_url(value)


def is_encrypted(url: str) -> bool:
    """Returns whether the connection to this server is encrypted, and the server's certificate is checked."""
    parts = urlsplit(url)
    if parts.scheme in ("redis", "rediss", SCHEME):
        return parts.scheme == "rediss"
    return dict(parse_qsl(parts.query)).get("ssl_mode") in CHECKED_MODES


def is_remote(url: str) -> bool:
    """Returns whether the connection leaves this machine. A name other than localhost counts as remote."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite") or "unix_socket=" in parts.query:
        return False
    asked = sentinels(url)
    return any(_leaves(name) for name, _ in asked.places) if asked else _leaves(parts.hostname or "")


def _leaves(name: str) -> bool:
    name = name.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return True


def has_password(url: str) -> bool:
    """Returns whether the address holds a password, or needs none: a file, or a socket that knows its user."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite") or "unix_socket=" in parts.query:
        return True
    return bool(parts.password or dict(parse_qsl(parts.query)).get("password"))


def _options_of_tls(parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    """Returns the options of TLS of an address. Raises ValueError for one that its client does not know."""
    asked: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if not name.lower().startswith(("ssl", "tls")):
            continue
        if name not in known:
            raise ValueError(f"has the option {name}, and those of TLS are {', '.join(known)}")
        if name in asked:
            raise ValueError(f"has the option {name} twice")
        asked[name] = value
    return asked


def _check_mysql_tls(asked: Mapping[str, str]) -> None:
    """Raises ValueError for options with which the client would go on in plain text, or with any server."""
    mode = asked.get("ssl_mode")
    if not asked or (mode == UNENCRYPTED_MODE and len(asked) == 1):
        return
    if mode not in CHECKED_MODES:
        said = f"has ssl_mode={mode}" if mode else f"has {next(iter(asked))} without ssl_mode"
        raise ValueError(
            f"{said}: the client would go on in plain text, or with any server. Write ssl_mode={CHECKED_MODES[0]}"
        )
    if asked.get("ssl_check_hostname", "true").lower() not in ("true", "1"):
        raise ValueError("asks for no check of the server's name: leave ssl_check_hostname out")
    _check_files(asked, _FILES_OF_MYSQL)


def _check_files(asked: Mapping[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        if name in asked and not (asked[name] and Path(asked[name]).exists()):
            raise ValueError(f"names {asked[name]!r} as its {name}, and there is no such file")


def _parsed(value: str) -> SplitResult:
    """Raises ValueError without the address's words: they may be a password's."""
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError("holds a sign that stands in no address, such as a full-width colon") from None
    if "@" not in parts.netloc and "@" in value.partition("://")[2]:
        raise ValueError("holds / ? or # in its password; write them as %2F %3F %23")
    return parts


def _host_and_port(parts: SplitResult) -> None:
    """Raises ValueError when an address names no host, or a port that is none."""
    if not parts.hostname:
        raise ValueError("names no host")
    strange = _NO_HOST.search(parts.hostname)
    if strange is not None:
        raise ValueError(f"{parts.hostname!r} holds {strange[0]!r}, which stands in no host's name")
    with contextlib.suppress(ValueError):
        if parts.port is None or parts.port > 0:
            return
    raise ValueError(f"{parts.netloc.rpartition('@')[2]!r} has a port that is none")


def _sqlite_url(value: str, driver: str) -> str:
    if driver not in ("", "pysqlite"):
        raise ValueError(f"asks for the driver {driver}, and the ledger speaks through Python's own sqlite3")
    rest = value.partition(":")[2]
    if not rest.startswith("///") or rest.removeprefix("///").partition("?")[0] in ("", ":memory:"):
        raise ValueError("names no file: three slashes and the path, four when the path begins at the root")
    return value
