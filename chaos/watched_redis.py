"""A primary, a replica and three Sentinels that watch them, as processes of their own on loopback."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from scripts.local.embedded import find_redis, free_port
from tests.support.poll import wait_until
from tests.support.servers import _SERVER_PATH
from workers.runtime.linux import bound_to_me

MASTER = "fleet"
PASSWORD = "geheim:/?#@"  # noqa: S105  # a throwaway one; every sign that an address has to write otherwise
IN_ADDRESS = "geheim%3A%2F%3F%23%40"
SENTINELS, QUORUM = 3, 2
WAIT = 60.0


class _Server:
    """A redis-server that keeps its port and its configuration when it is started again."""

    def __init__(self, folder: Path, config: str, *options: str) -> None:
        self.port = free_port()
        self._file = folder / f"{self.port}.conf"
        self._file.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n{config}")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = find_redis(_SERVER_PATH).path
        with self._file.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_me([str(program), str(self._file), *self._options]), stdout=log, stderr=log
            )
        wait_until(lambda: self.ask("PING"), WAIT, "a redis-server to answer")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT)
            self._process = None

    def ask(self, *command: str) -> Any:
        """Its answer; None while there is none."""
        password = None if self._options else PASSWORD
        once = Retry(NoBackoff(), retries=0)
        options: dict[str, Any] = {"socket_timeout": 5, "retry": once, "decode_responses": True}
        with suppress(RedisError), Redis(port=self.port, password=password, **options) as client:
            return client.execute_command(*command)
        return None


class WatchedRedis:
    """Runs until the `with` block ends. `url` is the address with all Sentinels."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="phonefleet-sentinel-"))
        config = (
            f'requirepass "{PASSWORD}"\nmasterauth "{PASSWORD}"\nsave ""\nappendonly no\nrepl-diskless-sync-delay 0\n'
        )
        self._servers = {server.port: server for server in (_Server(self._folder, config) for _ in range(2))}
        self._sentinels: list[_Server] = []

    @property
    def url(self) -> str:
        """sentinel://:password@host:port,host:port,host:port/0?master=…"""
        places = ",".join(f"127.0.0.1:{one.port}" for one in self._sentinels)
        return f"sentinel://:{IN_ADDRESS}@{places}/0?master={MASTER}"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self._sentinels, *self._servers.values()):
            one.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def primary(self) -> int:
        """The port of the primary, by the first Sentinel that answers."""
        for one in self._sentinels:
            told = one.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
            if told:
                return int(told[1])
        raise RuntimeError("no Sentinel answers")

    def server(self, port: int) -> _Server:
        return self._servers[port]

    def wait_for_another(self, before: int) -> None:
        """Until every Sentinel names another primary than that, and it takes writes."""
        wait_until(lambda: self._agreed() not in (None, before), WAIT, "the fail-over")
        wait_until(lambda: self.server(self.primary).ask("SET", "probe", "1"), WAIT, "the new primary to take writes")

    def wait_for_a_replica(self) -> None:
        """Until the primary has a replica again, and every Sentinel knows of it."""
        wait_until(self._whole, WAIT, "a replica")

    def sentinel(self, place: int) -> _Server:
        return self._sentinels[place]

    def _start(self) -> None:
        first, second = self._servers.values()
        first.start()
        second.start()
        second.ask("REPLICAOF", "127.0.0.1", str(first.port))
        watching = (
            f"sentinel monitor {MASTER} 127.0.0.1 {first.port} {QUORUM}\n"
            f'sentinel auth-pass {MASTER} "{PASSWORD}"\n'
            f"sentinel down-after-milliseconds {MASTER} 1000\n"
            f"sentinel failover-timeout {MASTER} 5000\n"
        )
        wait_until(lambda: self._has_replica(first), WAIT, "the replica")
        self._sentinels = [_Server(self._folder, watching, "--sentinel") for _ in range(SENTINELS)]
        for one in self._sentinels:
            one.start()
        self.wait_for_a_replica()

    def _agreed(self) -> int | None:
        told = {str(one.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)) for one in self._sentinels}
        return self.primary if len(told) == 1 and "None" not in told else None

    def _whole(self) -> bool:
        """The primary has its replica, and each Sentinel knows it and both others, none of them down."""
        if self._agreed() is None or not self._has_replica(self.server(self.primary)):
            return False
        return all(_sees_all(one) for one in self._sentinels)

    @staticmethod
    def _has_replica(server: _Server) -> bool:
        told = server.ask("INFO", "replication")
        return bool(told) and any("state=online" in f"{value}" or _online(value) for value in told.values())


def _online(value: object) -> bool:
    return isinstance(value, dict) and value.get("state") == "online"


def _sees_all(sentinel: _Server) -> bool:
    replicas = sentinel.ask("SENTINEL", "REPLICAS", MASTER) or []
    others = sentinel.ask("SENTINEL", "SENTINELS", MASTER) or []
    return len([one for one in map(_fields, replicas) if _is_up(one)]) == 1 and len(others) == SENTINELS - 1


def _is_up(replica: Mapping[str, Any]) -> bool:
    return bool(replica["flags"] == "slave" and replica["master-link-status"] == "ok")


def _fields(told: Any) -> Mapping[str, Any]:
    """A map, which older protocols give as a list of names and values."""
    return told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))


def _kill(redis: WatchedRedis) -> None:
    before = redis.primary
    redis.server(before).kill()
    redis.wait_for_another(before)
    redis.server(before).start()


def _hang(redis: WatchedRedis) -> None:
    """It wakes as a primary, and takes writes until the Sentinels make it a replica."""
    before = redis.primary
    redis.server(before).send(signal.SIGSTOP)
    try:
        redis.wait_for_another(before)
    finally:
        redis.server(before).send(signal.SIGCONT)


def _ask(redis: WatchedRedis) -> None:
    before = redis.primary
    wait_until(lambda: redis.sentinel(0).ask("SENTINEL", "FAILOVER", MASTER), WAIT, "a Sentinel to begin")
    redis.wait_for_another(before)


def _kill_with_a_sentinel(redis: WatchedRedis) -> None:
    """As when the machine of both ends; the first Sentinel is the one that is asked first."""
    redis.sentinel(0).kill()
    try:
        before = redis.primary
        redis.server(before).kill()
        wait_until(lambda: redis.primary != before, WAIT, "the fail-over")
        redis.server(before).start()
    finally:
        redis.sentinel(0).start()


FAILOVERS: Mapping[str, Callable[[WatchedRedis], None]] = {
    "primary killed": _kill,
    "primary hangs": _hang,
    "asked for": _ask,
    "primary and a Sentinel killed": _kill_with_a_sentinel,
}
