"""A Redis that gets into trouble of every form, and out of it again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from scripts.local.embedded import find_redis, free_port
from tests.support.poll import wait_until
from tests.support.servers import _SERVER_PATH
from workers.runtime.linux import bound_to_me

WAIT = 60.0
LOAD_DELAY = 4000  # microseconds for each key that it loads
KEYS_TO_LOAD = 1000


class TroubledRedis:
    """A redis-server of its own, on one port for all its lives. `control` is never cut off by it, but by its end."""

    def __init__(self) -> None:
        self._binary = find_redis(_SERVER_PATH)
        self._folder = Path(tempfile.mkdtemp(prefix="phonefleet-troubled-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str, wait: bool = True) -> None:
        """Start it, with the data that it saved last."""
        command = [str(self._binary.path), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_me([*command, "--save", "", "--appendonly", "no", *options]), stdout=log, stderr=log
            )
        self.control = Redis(port=self.port, socket_timeout=10)
        if wait:
            wait_until(self._answers, WAIT, "Redis to answer")

    def kill(self) -> None:
        """End it at once; nothing is saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT)
            self._process = None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def cut_off(self) -> None:
        """End every client's connection but the control's."""
        self.control.client_kill_filter(_type="normal", skipme=True)
        with suppress(RedisError):
            self.control.client_kill_filter(_type="pubsub", skipme=True)

    def each_second(self, work: Callable[[], object]) -> None:
        """Do this once a second, until `leave_off`."""
        self._ended.clear()

        def run() -> None:
            while not self._ended.wait(1.0):
                with suppress(RedisError):
                    work()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def leave_off(self) -> None:
        """No more of it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(WAIT)

    def _answers(self) -> bool:
        with suppress(RedisError):
            return bool(self.control.ping())
        return False


@dataclass(frozen=True)
class Form:
    """How a trouble begins and ends, and words of the remedy that people are told."""

    begin: Callable[[TroubledRedis], object]
    end: Callable[[TroubledRedis], object]
    remedy: str


def _set(server: TroubledRedis, **values: Any) -> None:
    for name, value in values.items():
        server.control.config_set(name.replace("_", "-"), value)


def _misconf(server: TroubledRedis) -> None:
    """It cannot save: where its file belongs lies a folder."""
    (server._folder / "dump.rdb").mkdir()
    _set(server, save="3600 1")
    server.control.bgsave()
    wait_until(lambda: _saved(server) == "err", WAIT, "a save that fails")


def _saved(server: TroubledRedis) -> str:
    info = server.control.info("persistence")
    return "" if info["rdb_bgsave_in_progress"] else str(info["rdb_last_bgsave_status"])


def _mend_misconf(server: TroubledRedis) -> None:
    (server._folder / "dump.rdb").rmdir()
    server.control.bgsave()
    wait_until(lambda: _saved(server) == "ok", WAIT, "a save that goes well")
    _set(server, save="")


def _password(server: TroubledRedis, password: str) -> None:
    _set(server, requirepass=password)
    server.cut_off()


def _restart_with_password(server: TroubledRedis) -> None:
    server.kill()
    server.start("--requirepass", "另一个", wait=False)


def _restart(server: TroubledRedis) -> None:
    server.kill()
    server.start()


def _script(server: TroubledRedis) -> None:
    def block() -> None:
        with suppress(RedisError):
            Redis(port=server.port, socket_timeout=WAIT).eval("while true do end", 0)

    _set(server, lua_time_limit=50)
    threading.Thread(target=block, daemon=True).start()
    wait_until(lambda: _busy(server), WAIT, "the script to block it")


def _busy(server: TroubledRedis) -> bool:
    try:
        server.control.ping()
    except ResponseError as error:
        return "BUSY" in str(error)
    except RedisError:
        return False
    return False


def _load(server: TroubledRedis) -> None:
    """It starts anew, with data that take a while to load."""
    with server.control.pipeline() as pipe:
        for number in range(KEYS_TO_LOAD):
            pipe.set(f"ballast {number}", number)
        pipe.execute()
    server.control.save()
    server.kill()
    server.start("--key-load-delay", str(LOAD_DELAY), "--loading-process-events-interval-bytes", "1024", wait=False)


def _loaded(server: TroubledRedis) -> None:
    wait_until(server._answers, WAIT, "its data to be loaded")
    server.control.delete(*(f"ballast {number}" for number in range(KEYS_TO_LOAD)))
    (server._folder / "dump.rdb").unlink()


def _few_clients(server: TroubledRedis) -> None:
    _set(server, maxclients=1)
    server.cut_off()


def _user(server: TroubledRedis, *rules: str) -> None:
    server.control.execute_command("ACL", "SETUSER", "default", *rules)  # type: ignore[no-untyped-call]
    server.cut_off()


def _spoil(server: TroubledRedis) -> None:
    """Somebody else writes onto a queue's key, as often as it is mended."""

    def spoil() -> None:
        server.control.set("pool\x06\x166", "mine")

    spoil()
    server.each_second(spoil)


def _mend(server: TroubledRedis) -> None:
    server.leave_off()
    server.control.delete("pool\x06\x166")


FORMS: Mapping[str, Form] = {
    "full": Form(lambda s: _set(s, maxmemory=1), lambda s: _set(s, maxmemory=0), "raise maxmemory"),
    "cannot save": Form(_misconf, _mend_misconf, "cannot save to disk"),
    "read-only": Form(
        lambda s: s.control.replicaof("127.0.0.1", "1"), lambda s: s.control.replicaof("NO", "ONE"), "names a replica"
    ),
    "loading": Form(_load, _loaded, ""),  # too short for the alert to be sure of its words
    "another password": Form(
        lambda s: _password(s, "geheim"), lambda s: _set(s, requirepass=""), "put its password into"
    ),
    "restart with a password": Form(_restart_with_password, _restart, "put its password into"),
    "cut off each second": Form(lambda s: s.each_second(s.cut_off), lambda s: s.leave_off(), "cuts its connections"),
    "blocked by a script": Form(_script, lambda s: s.control.script_kill(), "SCRIPT KILL"),
    "too many clients": Form(_few_clients, lambda s: _set(s, maxclients=1000), "raise its maxclients"),
    "ended": Form(lambda s: s.kill(), lambda s: s.start(), "start it"),
    "hangs": Form(lambda s: s.send(signal.SIGSTOP), lambda s: s.send(signal.SIGCONT), "it hangs"),
    "may not write": Form(lambda s: _user(s, "-@write"), lambda s: _user(s, "+@all"), "use all keys"),
    "queue of another kind": Form(_spoil, _mend, "a key of the fleet's queues"),
}


def rest(seconds: float) -> None:
    """Let a trouble last, where nothing tells its end."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until, seconds + WAIT, "the trouble to last")
