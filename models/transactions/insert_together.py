"""Inserts rows of several tables in one trip, where the database takes one: a trip costs more than a row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import starmap
from typing import Any, cast

from sqlalchemy import Dialect, Table
from sqlalchemy.orm import Session

from models.database.base import Base
from models.database.several_statements import can_send_several, send_several
from models.transactions.insert_many import MOST_CHARACTERS, Convert, Row, conversion, head_and_values
from models.transactions.insert_rows import insert_values, plain_insert

MOST_TOGETHER = 200  # rows of one trip; more of them are cheaper with `insert_many`
Rows = Sequence[Row]


def insert_together(session: Session, inserts: Sequence[tuple[type[Base], Rows]]) -> None:
    """Inserts the rows of each table, in this order, past the session's events.

    The rows of a table have the same columns. Raises IntegrityError, as an INSERT of each would.
    """
    given = [(table, rows) for table, rows in inserts if rows]
    connection = session.connection()
    if len(given) > 1 and can_send_several(connection) and sum(len(rows) for _, rows in given) <= MOST_TOGETHER:
        statements, values = zip(*starmap(_Written(connection.dialect), given), strict=True)
        flat = [value for some in values for value in some]
        if sum([len(value) for value in flat if isinstance(value, str)]) <= MOST_CHARACTERS:
            send_several(connection, statements, flat)
            return
    for table, rows in given:
        insert_values(session, plain_insert(table), rows)


class _Written:
    """Writes an INSERT for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __call__(self, table: type[Base], rows: Rows) -> tuple[str, list[Any]]:
        """Returns the statement and the values of its marks."""
        head, one, converts = _form(table, tuple(rows[0]), self._dialect)
        values = [convert(row[name]) for row in rows for name, convert in converts]
        return head + ", ".join([one] * len(rows)), values


@lru_cache(maxsize=64)
def _form(
    table: type[Base], names: tuple[str, ...], dialect: Dialect
) -> tuple[str, str, tuple[tuple[str, Convert], ...]]:
    """Returns an INSERT up to its values, the marks of one row, and how to convert the value of each column."""
    declared = cast("Table", table.__table__)
    head, one = head_and_values(declared, {}, names, dialect)
    return head, one, tuple((name, conversion(declared.columns[name], dialect)) for name in names)
