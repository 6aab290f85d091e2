"""A stand-in for a connection to MySQL or MariaDB while the zygote rehearses: SQLite behind mysqlclient's cursor.

The statements are those that the workers will send, so that they are compiled before the fork. The rows are as good as
the rehearsal needs them: nobody waits for locks.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

Row = tuple[Any, ...]

_LEFT_OUT = re.compile(
    r"\s+(?:FOR UPDATE(?: SKIP LOCKED| NOWAIT)?|LOCK IN SHARE MODE|FOR SHARE|(?:USE|FORCE|IGNORE) INDEX \([^)]*\))"
)
_INSTEAD = ((re.compile(r"^INSERT IGNORE "), "INSERT OR IGNORE "), (re.compile(r" <=> "), " IS "))
_UPSERT = re.compile(r"\s+(?:AS new\s+)?ON DUPLICATE KEY UPDATE .*", re.DOTALL)
_OF_TWO = re.compile(r"UPDATE (\w+), (\w+) SET (.*) WHERE (.*)", re.DOTALL)
_OF_THE_SESSION = ("SET ", "COMMIT", "ROLLBACK")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


@cache
def translated(statement: str) -> str:
    """Returns a statement of MySQL as SQLite takes it. It waits for no lock."""
    for pattern, other in _INSTEAD:
        statement = pattern.sub(other, statement)
    if _UPSERT.search(statement):
        statement = _UPSERT.sub("", statement).replace("INSERT INTO", "INSERT OR REPLACE INTO", 1)
    return _LEFT_OUT.sub("", statement)


def one_by_one(statement: str) -> tuple[str, ...]:
    """Returns what SQLite takes for a statement: an UPDATE of two tables is one of each."""
    both = _OF_TWO.fullmatch(statement)
    if both is None:
        return (translated(statement),)
    tables, changes, where = both.group(1, 2), both[3], both[4]
    each = re.split(rf", (?=(?:{'|'.join(tables)})\.)", changes)
    own = {table: [one.removeprefix(f"{table}.") for one in each if one.startswith(f"{table}.")] for table in tables}
    return tuple(
        translated(f"UPDATE {table} SET {', '.join(own[table])} FROM {other} WHERE {where}")  # noqa: S608 - of our own statement
        for table, other in (tables, tables[::-1])
    )


class StandInLedger:
    """One connection, with what mysqlclient's cursor and SQLAlchemy's dialect ask of theirs."""

    encoding = "utf8"
    may_be_open = False  # as models.database.spared_trips asks

    def __init__(self, file: str) -> None:
        self._file = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA synchronous = OFF")
        for clock in ("UTC_TIMESTAMP", "SYSDATE"):
            self._file.create_function(clock, 1, lambda _digits: _written(datetime.now(UTC)))
        self._file.create_function("char_length", 1, lambda text: None if text is None else len(text))
        self._result: _Result | None = None
        self._found = self._last = 0

    def cursor(self) -> Any:
        """Returns mysqlclient's own cursor: its code is rehearsed too."""
        from MySQLdb.cursors import Cursor  # noqa: PLC0415 - whoever uses SQLite has no driver for it

        return Cursor(self)

    def query(self, query: bytes) -> None:
        """Carries a statement out. Raises sqlite3.Error for one that SQLite does not know."""
        for statement in query.decode().split("; "):
            for one in () if statement.lstrip().startswith(_OF_THE_SESSION) else one_by_one(statement):
                done = self._file.execute(one)
                self._result = None if done.description is None else _Result(done.description, done.fetchall())
                self._found, self._last = done.rowcount, done.lastrowid or 0

    def literal(self, value: Any) -> bytes:
        """Returns a value as a statement spells it."""
        if value is None:
            return b"NULL"
        if isinstance(value, bytes):
            return b"X'%b'" % value.hex().encode()
        if isinstance(value, datetime):
            return b"'%b'" % _written(value).encode()
        if isinstance(value, int | float):
            return str(float(value) if isinstance(value, float) else int(value)).encode()
        return b"'%b'" % str(value).replace("'", "''").encode()

    def store_result(self) -> _Result | None:
        """Returns the rows of the last statement, once; None if it has none."""
        result, self._result = self._result, None
        return result

    def next_result(self) -> int:
        """There is never another."""
        return -1

    def warning_count(self) -> int:
        return 0

    def affected_rows(self) -> int:
        return self._found

    def insert_id(self) -> int:
        return self._last

    def character_set_name(self) -> str:
        return "utf8mb4"

    def autocommit(self, _on: bool) -> None:
        """Every statement is carried out by itself."""

    def ping(self) -> None:
        """It is always there."""

    def commit(self) -> None:
        """Every statement is carried out by itself."""

    def rollback(self) -> None:
        """Every statement is carried out by itself."""

    def close(self) -> None:
        self._file.close()


class _Result:
    """Rows as the driver's C part hands them to its cursor."""

    def __init__(self, columns: Sequence[Row], rows: Sequence[Row]) -> None:
        self._columns, self._rows = columns, rows

    def describe(self) -> tuple[Row, ...]:
        return tuple((name, 253, None, None, None, None, 1) for name, *_ in self._columns)

    def field_flags(self) -> tuple[int, ...]:
        return (0,) * len(self._columns)

    def fetch_row(self, _most: int, _how: int) -> tuple[Row, ...]:
        return tuple(tuple(map(_read, row)) for row in self._rows)

    def discard(self) -> None:
        self._rows = ()


def _written(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _read(value: Any) -> Any:
    """SQLite keeps moments as texts."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value
