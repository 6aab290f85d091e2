"""Throwaway servers: a real Redis and a real MariaDB, on free ports, in folders of their own.

Each is a context manager, ends by its own process id, and ends with the process that started it,
however that ends. A server that is not installed raises MissingServer, which says what to install:
what cannot be tested is a failure, never a skip.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from scripts.local.embedded import EmbeddedRedis, NoRedis, RedisBinary, find_redis, free_port
from tests.support.poll import wait_until
from workers.runtime.linux import bound_to_me

# Servers live in sbin, which the PATH of an ordinary user leaves out.
_SERVER_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))
_INSTALL_SECONDS = 60
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PORT_TRIES = 5


class MissingServer(RuntimeError):
    """The tests need something that is not installed; the message says what to install."""

    def __init__(self, what: str, packages: str) -> None:
        super().__init__(
            f"the tests need {what}. As root: make provide; or by hand: apt-get install {packages}; "
            "then make test again"
        )


class Redis:
    """A throwaway Redis. `url` is its address, database 0."""

    def __init__(self, binary: RedisBinary | None = None) -> None:
        try:
            self._binary = binary or find_redis(_SERVER_PATH)
        except NoRedis as error:
            raise MissingServer("redis-server", "redis-server") from error
        self._directory = Path(tempfile.mkdtemp(prefix="phonefleet-redis-"))
        self._server = EmbeddedRedis(self._directory, self._binary, closed=False)  # as an operator's own

    @property
    def url(self) -> str:
        """redis://:password@127.0.0.1:port/0"""
        return self._server.url

    @property
    def pid(self) -> int:
        """The server's process id, for tests that freeze or kill it."""
        return self._server.pid

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        shutil.rmtree(self._directory, ignore_errors=True)


class MariaDB:
    """A throwaway MariaDB, with root on loopback and no password. `options` are mariadbd's own.

    Its disk is not waited for, unless `durable`. A killed one starts again on its port, with its data.
    """

    # several run beside each other: small files, and no asynchronous I/O, of which machines have few slots
    small: ClassVar[Sequence[str]] = (
        "--innodb-log-file-size=24M",
        "--innodb-buffer-pool-size=64M",
        "--innodb-use-native-aio=0",
    )
    # nothing in a throwaway server is worth waiting for the disk
    haste: ClassVar[Sequence[str]] = (
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--innodb-flush-method=nosync",  # a killed server's writes are in the system's memory, and come to the disk
        "--sync-frm=0",
        "--debug-no-sync",  # the log of changed tables, which no other option spares
    )

    def __init__(self, *options: str, durable: bool = False) -> None:
        self._program = self._find()
        self._driver = _driver()
        self._options = options if durable else (*self.haste, *options)
        self._directory = Path(tempfile.mkdtemp(prefix="phonefleet-mariadb-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def pid(self) -> int:
        """The server's process id, for tests that freeze or kill it. Raises RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError("this MariaDB was not started")
        return self._process.pid

    def url(self, database: str) -> str:
        """SQLAlchemy's address of one of its databases, through mysqlclient."""
        return f"mysql+mysqldb://root@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database; dropped afterwards."""
        name = f"phonefleet_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name}")

    def user(self, url: str, name: str, rights: Sequence[str]) -> str:
        """The address of one of its databases for a user who has these rights on it and no others."""
        place, _, options = url.partition("?")
        database = place.rpartition("/")[2]
        user = f"{name}_{database.rpartition('_')[2]}"
        self.execute(f"CREATE USER '{user}'@'127.0.0.1'")
        self.execute(f"GRANT {', '.join(rights)} ON {database}.* TO '{user}'@'127.0.0.1'")
        return f"mysql+mysqldb://{user}@127.0.0.1:{self.port}/{database}?{options}"

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement as root, outside any database; its rows."""
        connection = self._driver.connect(
            unix_socket=str(self.socket), user="root", connect_timeout=5, read_timeout=30, write_timeout=30
        )
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def start(self) -> Self:
        """Start, on the port that it had before if it ran already, and wait until it answers."""
        tries = 1 if self.port else _PORT_TRIES
        for _ in range(tries):
            self.port = self.port or free_port()
            self._launch()
            if wait_until(self._answers_or_ended, _START_SECONDS, "MariaDB to answer") == "answers":
                return self
            self.kill()
            if "Address already in use" not in self._log():
                break
            self.port = 0
        raise RuntimeError(f"the database server did not start:\n{self._log()[-3000:]}")

    def kill(self) -> None:
        """End it as a power cut would; its data stay."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def __enter__(self) -> Self:
        try:
            self._install()
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def socket(self) -> Path:
        """Where root is let in without a password."""
        return self._directory / "socket"

    def _log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")

    def _find(self) -> list[str]:
        """The server's command, without arguments. Raises MissingServer."""
        return [_need("mariadbd", "mariadb-server")]

    def _common(self) -> list[str]:
        return [
            "--no-defaults",
            f"--datadir={self._directory / 'data'}",
            f"--tmpdir={self._directory}",  # whoever starts removes what looks like a temporary table from its own
            f"--user={getpass.getuser()}",
        ]

    def _install(self) -> None:
        done = subprocess.run(
            [
                _need("mariadb-install-db", "mariadb-server"),
                *self._common(),
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self.small,
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout}\n{done.stderr}")

    def _launch(self) -> None:
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                bound_to_me([*self._program, *self._arguments()]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _arguments(self) -> list[str]:
        return [
            *self._common(),
            f"--socket={self.socket}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--pid-file={self._directory / 'pid'}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            *self.small,
            *self._options,
        ]

    def _answers_or_ended(self) -> str:
        if self._process is None or self._process.poll() is not None:
            return "ended"
        try:
            self.execute("SELECT 1")
        except self._driver.MySQLError:
            return ""
        return "answers"


def _need(program: str, package: str) -> str:
    found = shutil.which(program, path=_SERVER_PATH)
    if found is None:
        raise MissingServer(program, package)
    return found


def _driver() -> Any:
    try:
        import MySQLdb  # noqa: PLC0415 - absent where only the embedded default is used
    except ImportError as error:
        raise MissingServer("the Python package mysqlclient", "gcc pkg-config python3-dev libmariadb-dev") from error
    return MySQLdb
