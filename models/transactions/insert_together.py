"""Inserts rows of several tables in one trip, where the database takes one: a trip costs more than a row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import starmap
from typing import Any, cast

from sqlalchemy import Boolean, Dialect, Integer, Table
from sqlalchemy.orm import Session

from models.database.base import Base
from models.database.several_statements import can_send_several, send_several, send_with_commit
from models.transactions.insert_many import MOST_CHARACTERS, Convert, Row, conversion, head_and_values
from models.transactions.insert_rows import insert_values, plain_insert

MOST_TOGETHER = 200  # rows of one trip; more of them are cheaper with `insert_many`
Rows = Sequence[Row]

_AT_THE_END = "rows that go with the COMMIT"


def insert_together(session: Session, inserts: Sequence[tuple[type[Base], Rows]]) -> None:
    """Inserts the rows of each table, in this order, past the session's events.

    The rows of a table have the same columns. Raises IntegrityError, as an INSERT of each would.
    """
    given = [(table, rows) for table, rows in inserts if rows]
    written = _one_trip(session, given) if len(given) > 1 else None
    if written is not None:
        send_several(session.connection(), *written)
        return
    for table, rows in given:
        insert_values(session, plain_insert(table), rows)


def insert_at_the_end(session: Session, inserts: Sequence[tuple[type[Base], Rows]]) -> None:
    """Does the same when the work of `write` is over, in one trip with its COMMIT, where the database takes one.

    Nothing may be asked in this transaction afterwards: it would not find the rows. `write` raises what
    `insert_together` would.
    """
    given = [(table, rows) for table, rows in inserts if rows]
    written = _one_trip(session, given)
    if written is None:
        insert_together(session, given)
    else:
        session.info[_AT_THE_END] = written


def send_the_end(session: Session, *, commits: bool) -> None:
    """Sends what `insert_at_the_end` left, if anything; `commits`: the transaction is the session's own."""
    written = session.info.pop(_AT_THE_END, None)
    if written is not None:
        (send_with_commit if commits else send_several)(session.connection(), *written)


def _one_trip(session: Session, given: Sequence[tuple[type[Base], Rows]]) -> tuple[Sequence[str], list[Any]] | None:
    """Returns the statements and their values; None where they cannot go together, or are too much."""
    connection = session.connection()
    if not given or not can_send_several(connection) or sum(len(rows) for _, rows in given) > MOST_TOGETHER:
        return None
    statements, values = zip(*starmap(_Written(connection.dialect), given), strict=True)
    flat = [value for some in values for value in some]
    fits = sum([len(value) for value in flat if isinstance(value, str)]) <= MOST_CHARACTERS
    return (statements, flat) if fits else None


class _Written:
    """Writes an INSERT for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __call__(self, table: type[Base], rows: Rows) -> tuple[str, list[Any]]:
        """Returns the statement and the values of its marks."""
        # a column without a value in any row is NULL without being named: most columns of a new task
        first, *others = rows
        names: list[str] = []
        zeros: list[str] = []
        for name, value in first.items():
            if value is False or (value == 0 and type(value) is int):
                (names if others else zeros).append(name)
            elif value is not None or (others and any(row[name] is not None for row in others)):
                names.append(name)
        head, one, converts = _form(table, tuple(names), tuple(zeros), self._dialect)
        values = [convert(row[name]) for row in rows for name, convert in converts]
        return head + ", ".join([one] * len(rows)), values


@lru_cache(maxsize=64)
def _form(
    table: type[Base], names: tuple[str, ...], zeros: tuple[str, ...], dialect: Dialect
) -> tuple[str, str, tuple[tuple[str, Convert], ...]]:
    """Returns an INSERT up to its values, the marks of one row, and how to convert the value of each column.

    `zeros` are columns whose value is 0 or False: written into the statement where such a column holds numbers, they
    cost the driver nothing. They are a quarter of a new task's values.
    """
    declared = cast("Table", table.__table__)
    literal = {name: "0" for name in zeros if isinstance(declared.columns[name].type, Boolean | Integer)}
    own = [*names, *(name for name in zeros if name not in literal)]
    head, one = head_and_values(declared, literal, own, dialect)
    return head, one, tuple((name, conversion(declared.columns[name], dialect)) for name in own)
