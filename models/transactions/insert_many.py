"""Inserts many rows at a small cost for each: a value that all rows share is written into the statement as a literal.

A campaign's rows differ in a fifth of their columns. A driver escapes each value of each row, and SQLAlchemy converts
it: both together cost more than everything else that planting a row takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Column, ColumnDefault, Dialect, Table
from sqlalchemy.orm import Session

from models.database.base import Base

MOST_ROWS = 500  # of one statement
MOST_CHARACTERS = 1_000_000  # of one statement with several rows; the ledger's own limits bound a single one
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9 _.,:;@/+=\[\]{}\"-]{0,200}")  # needs no escape in any database

Row = Mapping[str, Any]
Values = Sequence[Any]  # of one column, a value for each row
Convert = Callable[[Any], Any]


def insert_many(session: Session, table: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows with the same columns, past the session's events. A column without a value gets its default.

    Rows with a key of their own go in by its order: random ones touch a page of each index for each row.
    """
    if not rows:
        return
    connection, declared = session.connection(), cast("Table", table.__table__)
    key = [column.key for column in declared.primary_key if column.key in rows[0]]
    given = _by_column(sorted(rows, key=itemgetter(*key)) if key else rows)
    shared, own = _apart(declared, given, len(rows), connection.dialect)
    head, values = head_and_values(declared, shared, [*own], connection.dialect)
    for some in _parts([*own.values()], len(rows)):
        if connection.dialect.paramstyle == "format":
            every = tuple(value for row in some for value in row)
            connection.exec_driver_sql(head + ", ".join([values] * len(some)), every)
        else:
            connection.exec_driver_sql(head + values, some)


def _by_column(rows: Sequence[Row]) -> Mapping[str, Values]:
    """Returns the values of each column. Reads each row once: 10,000 of them do not fit into a processor's cache."""
    names = list(rows[0])
    if len(names) == 1:
        return {names[0]: [row[names[0]] for row in rows]}
    return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))


def _apart(
    table: Table, given: Mapping[str, Values], count: int, dialect: Dialect
) -> tuple[Mapping[str, str], Mapping[str, Values]]:
    """Returns the literals of the columns that all rows share, and the converted values of the other columns."""
    shared: dict[str, str] = {}
    own: dict[str, Values] = {}
    nothing = (None,) * count
    for column in table.columns:
        values, convert = _with_default(given.get(column.key, nothing), column), conversion(column, dialect)
        if isinstance(values[0], dict | list):  # 1, 1.0 and true are equal in Python, and three texts in JSON
            values, convert = [convert(value) for value in values], _as_it_is
        alike = values.count(values[0]) == count
        if alike and values[0] is None:
            continue  # NULL, as without the column
        text = _literal(convert(values[0])) if alike else None
        if text is not None:
            shared[column.key] = text
        else:
            own[column.key] = values if convert is _as_it_is else [convert(value) for value in values]
    return shared, own


def _with_default(values: Values, column: Column[Any]) -> Values:
    if column.default is None or not column.default.is_scalar or None not in values:
        return values
    default = cast("ColumnDefault", column.default).arg
    return [default if value is None else value for value in values]


def conversion(column: Column[Any], dialect: Dialect) -> Convert:
    """Returns what makes a value of this column one that the driver takes."""
    return column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _literal(value: Any) -> str | None:
    """Returns the SQL of a value that has one form in all databases; None for any other."""
    if isinstance(value, bool | int):
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    text = value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value
    if isinstance(text, str) and _PLAIN_TEXT.fullmatch(text):
        return f"'{text}'"
    return None


def head_and_values(table: Table, shared: Mapping[str, str], own: Sequence[str], dialect: Dialect) -> tuple[str, str]:
    """Returns an INSERT up to its values, and those of one row."""
    names = dialect.identifier_preparer
    columns = ", ".join(names.quote(one) for one in (*own, *shared))
    marks = ["%s" if dialect.paramstyle == "format" else "?"] * len(own)
    values = ", ".join((*marks, *shared.values()))
    into = f"INSERT INTO {names.format_table(table)} ({columns}) VALUES "  # noqa: S608 - of our names and `_literal`
    return into, f"({values})"


def _parts(own: Sequence[Values], count: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yields the values of `count` rows, as many together as one statement may have."""
    rows = list(zip(*own, strict=True)) if own else [()] * count
    start = size = 0
    for place, length in enumerate(_lengths(own, count)):
        if place - start >= MOST_ROWS or (place > start and size + length > MOST_CHARACTERS):
            yield rows[start:place]
            start, size = place, 0
        size += length
    yield rows[start:]


def _lengths(own: Sequence[Values], count: int) -> Sequence[int]:
    """Returns the characters of each row."""
    lengths = [[len(value) if isinstance(value, str) else 0 for value in values] for values in own]
    return [*map(sum, zip(*lengths, strict=True))] if lengths else [0] * count
