"""The throwaway servers, since every other test stands on them."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text

from tests.support import servers
from tests.support.poll import wait_until
from tests.support.servers import MariaDB, MissingServer, Redis


def test_redis_is_emptied_on_request(redis_url: str, request: pytest.FixtureRequest) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("left", "behind")
        assert request.getfixturevalue("empty_redis_url") == redis_url
        assert client.dbsize() == 0


def test_redis_leaves_nothing_behind() -> None:
    with Redis() as server:
        pid = server.pid
        folder = Path(f"/proc/{pid}/cwd").readlink()
        assert folder.name.startswith("phonefleet-redis-")
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()


def test_mariadb_tells_faces_apart(mariadb_database: str) -> None:
    engine = create_engine(mariadb_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE faces (face VARCHAR(9) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO faces VALUES ('😀'), ('😂'), ('abc'), ('ABC')"))
        assert set(connection.scalars(text("SELECT face FROM faces"))) == {"😀", "😂", "abc", "ABC"}
    engine.dispose()


def test_each_test_gets_an_empty_database(mariadb_server: MariaDB) -> None:
    with mariadb_server.database() as one, mariadb_server.database() as other:
        assert one != other
        names = {row[0] for row in mariadb_server.execute("SHOW DATABASES")}
        assert {one.split("/")[-1].split("?")[0], other.split("/")[-1].split("?")[0]} <= names
    names = {row[0] for row in mariadb_server.execute("SHOW DATABASES")}
    assert one.split("/")[-1].split("?")[0] not in names


def test_mariadb_comes_back_on_its_port_and_then_leaves_nothing_behind() -> None:
    with MariaDB() as server:
        folder = Path(f"/proc/{server.pid}/cwd").readlink().parent
        port, first = server.port, server.pid
        with server.database() as url:
            server.kill()
            assert not Path(f"/proc/{first}").exists()
            server.start()
            assert server.port == port
            engine = create_engine(url)
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1
            engine.dispose()
        last = server.pid
    assert not Path(f"/proc/{last}").exists()
    assert not folder.exists()


def test_both_databases_are_tried(database_url: str, request: pytest.FixtureRequest) -> None:
    wanted = {"sqlite": "sqlite:///", "mariadb": "mysql+mysqldb://"}[request.node.callspec.params["database_url"]]
    assert database_url.startswith(wanted)


def test_a_missing_server_fails_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "_SERVER_PATH", str(tmp_path))
    with pytest.raises(MissingServer, match="apt-get install mariadb-server"):
        MariaDB()


def test_a_wait_ends_and_names_what_it_waited_for() -> None:
    with pytest.raises(TimeoutError, match=r"waited 0\.05 s for the moon; last seen: 0"):
        wait_until(lambda: 0, 0.05, "the moon", least=0)


def test_a_wait_gives_what_it_saw() -> None:
    seen = iter(["", "", "there"])
    assert wait_until(lambda: next(seen), 5, "the third look", every=0.001) == "there"
