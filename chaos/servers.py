"""The storm's Redis and MariaDB: killed and restarted on their port, and a disk that is full for a while."""

from __future__ import annotations

import resource
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from scripts.local.embedded import find_redis, free_port
from tests.support.poll import wait_until
from tests.support.servers import MariaDB
from workers.runtime.linux import bound_to_me

START_SECONDS = 15.0
FILLER = "phonefleet_filler"
FILLER_TABLES = 300  # at most; each is a few MB until no more fit, then less
FILLER_SIZES = (4_000_000, 500_000, 60_000)

# Each commit reaches the operating system, so that kill -9 loses none; only a power cut would. One file
# holds all tables: a limit on the size of files then stops just its growth, as a full disk does, and not
# the redo log, which never grows.
MARIADB_OPTIONS = (
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-file-per-table=0",
    "--innodb-log-file-size=8M",
    "--innodb-autoextend-increment=1",
    "--max-connections=400",
)


class StormRedis:
    """A Redis that keeps its port and password, and nothing else, when it is started again.

    `bind`: further addresses at which it listens.
    """

    def __init__(self, folder: Path, *bind: str) -> None:
        self._folder = folder
        self._bind = " ".join(("127.0.0.1", *bind))
        self._port = free_port()
        self._password = secrets.token_urlsafe(18)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """redis://:password@127.0.0.1:port/0"""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it empty and wait until it answers. Raises TimeoutError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_me([str(find_redis().path), "-"]),  # by stdin goes the password: all users see arguments
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        assert self._process.stdin is not None
        with self._process.stdin as config:
            config.write(
                f"bind {self._bind}\nport {self._port}\nrequirepass {self._password}\n"
                f'dir "{self._folder.resolve()}"\nsave ""\nappendonly no\n'.encode()
            )
        wait_until(lambda: self.answers() or not self.alive(), START_SECONDS, "Redis", every=0.05)
        if not self.alive():
            raise RuntimeError("Redis was killed as it started")

    def kill(self) -> None:
        """kill -9; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_SECONDS)

    def answers(self) -> bool:
        """Returns whether it serves."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def storm_mariadb() -> MariaDB:
    """A MariaDB that loses no commit when it is killed."""
    return MariaDB(*MARIADB_OPTIONS, durable=True)


def cut_connections(database: MariaDB) -> int:
    """Ends the connection of every client. Returns their number."""
    rows = database.execute(
        "SELECT id FROM information_schema.processlist WHERE user = 'root' AND id <> CONNECTION_ID()"
    )
    for (number,) in rows:
        with suppress(Exception):  # it may have gone by itself
            database.execute(f"KILL CONNECTION {int(number)}")
    return len(rows)


@contextmanager
def disk_full(database: MariaDB) -> Iterator[int]:
    """While it holds, no file of this MariaDB grows; yields the bytes of filler written until none could be.

    Its process's RLIMIT_FSIZE is set to the size of its largest file, and what is free inside the
    tables' file is taken by a filler. A write beyond fails with EFBIG where a full disk says ENOSPC;
    InnoDB treats both alike: it undoes the statement, "the table is full". No root is needed, for the
    hard limit stays as it was.
    """
    pid = database.pid
    database.execute(f"CREATE DATABASE IF NOT EXISTS {FILLER}")
    largest = max(path.stat().st_size for path in _data(pid) if path.is_file())
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, hard))
    try:
        yield _fill(database)
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        with suppress(
            Exception
        ):  # it was killed meanwhile: the filler stays until the next full disk, and does no harm
            database.execute(f"DROP DATABASE IF EXISTS {FILLER}")


def _fill(database: MariaDB) -> int:
    """Take what is free inside the tables' file, large pieces first; the bytes taken."""
    written = 0
    numbers = iter(range(FILLER_TABLES))
    for size in FILLER_SIZES:
        with suppress(Exception):  # the table is full: that is what is wanted
            for number in numbers:  # DDL commits by itself
                rows = f"SELECT REPEAT('x', 4000) AS x FROM {FILLER}.seq_1_to_{size // 4000}"  # noqa: S608  # no value comes from outside
                database.execute(f"CREATE TABLE {FILLER}.t{secrets.token_hex(6)}_{number} AS {rows}")
                written += size
    return written


def _data(pid: int) -> list[Path]:
    """The files that a server has open for writing, by its own table of descriptors."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.append(link.resolve())
    return found
