"""The ledger's connection: SQLite in WAL mode, or MySQL / MariaDB through mysqlclient."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from models.database.base import to_json
from models.database.sizes import check_sizes

__all__ = [
    "connect",
]

T = TypeVar("T")

_TRIES = 8
_SQLITE_LOCK_SECONDS = 10
MOST_CONNECTIONS = 10  # of one process


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits, in seconds. The lock's bound is the smaller: a lock is no lost connection.

    `idle` is how long the database lets a transaction lie in which nothing is asked: a machine that stands still
    in the middle of one would else hold its rows locked until somebody finds out.
    """

    answer: int  # for the database to connect, and for each answer
    lock: int
    idle: int


PEOPLE = Patience(answer=20, lock=10, idle=600)  # long lists and big campaigns take their time
# Hosts, workers and coordinators would rather learn that the ledger is away, and try again.
FLEET = Patience(answer=6, lock=4, idle=8)


def connect(url: str, patience: Patience = PEOPLE, *, kept: int = 2) -> Engine:
    """An engine for the ledger at `url`; every wait of its connections is bounded.

    One connection a process is the rule (a phone's worker runs one task at a time); the pool
    allows a few more for hosts and coordinators. `kept` of ten are not closed after their use: a
    process that answers many at once keeps them all.
    """
    parsed = make_url(url)
    common: dict[str, Any] = {
        "json_serializer": to_json,
        "json_deserializer": json.loads,
        "pool_pre_ping": parsed.get_backend_name() != "sqlite",
    }
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": _SQLITE_LOCK_SECONDS}, **common)
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
        connect_args={
            "connect_timeout": min(5, patience.answer),
            "read_timeout": patience.answer,
            "write_timeout": patience.answer,
        },
        **common,
    )
    _prepare_mysql(engine, patience)
    check_sizes(engine)
    return engine


def _prepare_mysql(engine: Engine, patience: Patience) -> None:
    # MySQL knows no bound for an idle transaction, only one for a connection that is idle in whatever state;
    # the pool looks at a connection before it gives it out. Each reads its own comment and no other.
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
        # A point of no return must be on disk before the tap: NORMAL would let a power cut take it back.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that begins by reading would fail at its first write once another one wrote:
        # taking the write lock at once makes it wait instead.
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
