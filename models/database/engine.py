"""The ledger's connection: SQLite in WAL mode, or MySQL / MariaDB through mysqlclient."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models.database.base import to_json
from models.database.several_statements import allow_several
from models.database.sizes import check_sizes
from models.database.spared_trips import spare_trips

__all__ = [
    "connect",
]

T = TypeVar("T")

_TRIES = 8
_SQLITE_LOCK_SECONDS = 10
MOST_CONNECTIONS = 10  # of one process


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits of a connection, in seconds. `lock` is below `answer`: a wait for a lock is no lost server.

    `idle`: how long the database keeps a transaction open without a statement. A machine that hangs in a transaction
    would otherwise keep its rows locked.
    """

    answer: int  # for the database to connect, and for each answer
    lock: int
    idle: int


PEOPLE = Patience(answer=20, lock=10, idle=600)  # for commands: long lists and big campaigns take long
# For hosts, workers and coordinators: they should notice soon that the ledger is away, and retry.
FLEET = Patience(answer=6, lock=4, idle=8)
# For changes of tables: millions of rows take minutes, and half a change is worse than a late one.
TABLES = Patience(answer=3600, lock=300, idle=3600)


def connect(
    url: str, patience: Patience = PEOPLE, *, kept: int = 2, stand_in: Callable[[], Any] = lambda: None
) -> Engine:
    """Returns an engine for the ledger at `url`; every wait of its connections is bounded.

    Most processes need one connection, because a phone's worker runs one task at a time; hosts and coordinators use
    a few more. The pool opens at most ten and keeps `kept` of them open after use: a process that answers many
    requests at once keeps them all. `stand_in`: on MySQL or MariaDB, returns what is taken for a connection, if any.
    """
    parsed = make_url(url)
    common: dict[str, Any] = {
        "json_serializer": to_json,
        "json_deserializer": json.loads,
        "pool_pre_ping": parsed.get_backend_name() != "sqlite",
        "hide_parameters": True,  # errors are logged, and stored as evidence; parameters hold texts and secrets
    }
    if parsed.get_backend_name() == "sqlite":
        file = parsed.database or ""
        on_disk = file not in ("", ":memory:") and not file.startswith("file:")
        if on_disk:
            Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        options: dict[str, Any] = {"factory": _PrivateFile} if on_disk else {}
        engine = create_engine(url, connect_args={"timeout": _SQLITE_LOCK_SECONDS, **options}, **common)
        _prepare_sqlite(engine)
        check_sizes(engine)
        return engine
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=kept,
        max_overflow=MOST_CONNECTIONS - kept,
        pool_timeout=10,
        pool_recycle=1800,
        pool_reset_on_return=None,  # `spare_trips` does it where a transaction is open
        connect_args={
            "connect_timeout": min(5, patience.answer),
            "read_timeout": patience.answer,
            "write_timeout": patience.answer,
        },
        **common,
    )
    _prepare_mysql(engine, patience, stand_in)
    spare_trips(engine)
    allow_several(engine)
    check_sizes(engine)
    return engine


class _PrivateFile(sqlite3.Connection):
    """A connection to a file that, when it is new, is its owner's alone, whoever makes it: scripts set no umask."""

    def __init__(self, database: str, *arguments: Any, **options: Any) -> None:
        with contextlib.suppress(OSError):  # it is there already; or SQLite says what is wrong
            os.close(os.open(database, os.O_CREAT | os.O_EXCL, 0o600))
        super().__init__(database, *arguments, **options)


def _prepare_mysql(engine: Engine, patience: Patience, stand_in: Callable[[], Any]) -> None:
    event.listen(engine, "do_connect", lambda *_: stand_in())
    # MySQL limits only how long a connection is idle, not a transaction; the pool checks a connection before use.
    # MariaDB executes the first comment, MySQL the second.
    idle = f"/*M!100300 , idle_transaction_timeout = {patience.idle} */ /*!80000 , wait_timeout = {patience.idle} */"
    statement = f"SET SESSION innodb_lock_wait_timeout = {patience.lock}, time_zone = '+00:00' {idle}"

    @event.listens_for(engine, "connect")
    def _session(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(statement)
        finally:
            cursor.close()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # A point of no return must be on disk before the tap; with NORMAL, a power cut could lose it.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first would fail at its first write if another one wrote meanwhile.
        # BEGIN IMMEDIATE takes the write lock at the start, and waits for it.
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def forget_pages(session: Session) -> None:
    """Lets SQLite give back the pages that this connection read: it keeps up to 2 MB of them, once for each connection.

    For what reads a large value over any of many connections. Does nothing on other databases.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA shrink_memory")
