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
Convert = Callable[[Any], Any]


def insert_many(session: Session, table: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows with the same columns, past the session's events. A column without a value gets its default.

    Rows with a key of their own go in by its order: random ones touch a page of each index for each row.
    """
    if not rows:
        return
    connection, declared = session.connection(), cast("Table", table.__table__)
    shared, own = _apart(declared, rows, connection.dialect)
    head, values = _statement(declared, shared, [one.key for one, _ in own], connection.dialect)
    key = [column.key for column in declared.primary_key if column.key in rows[0]]
    for some in _parts(sorted(rows, key=itemgetter(*key)) if key else rows, own):
        if connection.dialect.paramstyle == "format":
            every = tuple(value for row in some for value in row)
            connection.exec_driver_sql(head + ", ".join([values] * len(some)), every)
        else:
            connection.exec_driver_sql(head + values, some)


def _apart(
    table: Table, rows: Sequence[Row], dialect: Dialect
) -> tuple[dict[str, str], list[tuple[Column[Any], Convert]]]:
    """Returns the literals of the columns that all rows share, and the other columns, each with its conversion."""
    shared: dict[str, str] = {}
    own: list[tuple[Column[Any], Convert]] = []
    for column in table.columns:
        first = _given(rows[0], column)
        alike = column.key not in rows[0] or _all_alike([row[column.key] for row in rows])
        if alike and first is None:
            continue  # NULL, as without the column
        convert = _conversion(column, dialect)
        text = _literal(convert(first)) if alike else None
        if text is not None:
            shared[column.key] = text
        else:
            own.append((column, convert))
    return shared, own


def _all_alike(values: list[Any]) -> bool:
    return values.count(values[0]) == len(values)


def _given(row: Row, column: Column[Any]) -> Any:
    value = row.get(column.key)
    if value is None and column.default is not None and column.default.is_scalar:
        return cast("ColumnDefault", column.default).arg
    return value


def _conversion(column: Column[Any], dialect: Dialect) -> Convert:
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


def _statement(table: Table, shared: Mapping[str, str], own: Sequence[str], dialect: Dialect) -> tuple[str, str]:
    """Returns an INSERT up to its values, and those of one row."""
    names = dialect.identifier_preparer
    columns = ", ".join(names.quote(one) for one in (*own, *shared))
    marks = ["%s" if dialect.paramstyle == "format" else "?"] * len(own)
    values = ", ".join((*marks, *shared.values()))
    into = f"INSERT INTO {names.format_table(table)} ({columns}) VALUES "  # noqa: S608 - of our names and `_literal`
    return into, f"({values})"


def _parts(rows: Sequence[Row], own: Sequence[tuple[Column[Any], Convert]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yields the values of the rows, as many together as one statement may have."""
    some: list[tuple[Any, ...]] = []
    size = 0
    reads = [_reader(rows[0], column, convert) for column, convert in own]
    for row in rows:
        values = tuple([read(row) for read in reads])
        length = sum([len(value) for value in values if isinstance(value, str)])
        if some and (len(some) >= MOST_ROWS or size + length > MOST_CHARACTERS):
            yield some
            some, size = [], 0
        some.append(values)
        size += length
    if some:
        yield some


def _reader(first: Row, column: Column[Any], convert: Convert) -> Callable[[Row], Any]:
    """Returns what reads the value of a column in a row that has the same columns as `first`."""
    if convert is _as_it_is and column.default is None and column.key in first:
        return itemgetter(column.key)
    return lambda row: convert(_given(row, column))
