"""Inserts rows past the session's events; the session then has new objects as if it had read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Column, ColumnElement, CursorResult, Insert, Table, insert
from sqlalchemy.orm import Mapper, Session, make_transient_to_detached, object_mapper
from sqlalchemy.orm.attributes import instance_dict
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from models.database.base import Base

Row = TypeVar("Row", bound=Base)

_KEPT, _ASIDE = "inserted rows", "inserted rows that do not change"


@cache
def plain_insert(table: type[Base]) -> Insert:
    """Returns the INSERT of a table; made once, because to make it costs a tenth of sending it."""
    return insert(cast("Table", table.__table__))


def insert_values(session: Session, statement: Insert, values: Sequence[Mapping[str, Any]]) -> int:
    """Inserts rows with one statement, past the session's events. Returns the number of rows."""
    done = session.connection().execute(statement, values)
    assert isinstance(done, CursorResult)
    return done.rowcount


def new_row(table: type[Row], values: Mapping[str, Any]) -> Row:
    """Returns an object to be `completed`, at a third of what its constructor costs: nothing of it is tracked yet."""
    row = table()
    instance_dict(row).update(values)
    return row


def completed(rows: Sequence[Base]) -> list[dict[str, Any]]:
    """Gives each column of new objects of one class its value or default, or NULL. Returns the values for their INSERT.

    A flush would give the same; it costs three times as much, and whoever shows the rows afterwards would have to
    read them again. The session's events are not called: whoever inserts notes the state changes.
    """
    if not rows:
        return []
    columns = _columns(object_mapper(rows[0]))
    return [_complete(row, columns) for row in rows]


def keep(session: Session, rows: Sequence[Base]) -> None:
    """Gives the session new objects, completed and inserted, as if it had read them."""
    for row in rows:
        make_transient_to_detached(row)
        session.add(row)
    session.info.setdefault(_KEPT, []).extend(rows)  # a session alone keeps no object that nobody else has


def lay_aside(session: Session, rows: Sequence[Base]) -> None:
    """Keeps new objects with an `id`, completed and inserted, for `row_of` alone: at a tenth of what `keep` costs.

    They are not the session's: what is changed in them is not written.
    """
    session.info.setdefault(_ASIDE, {}).update({(type(row), row.id): row for row in rows})  # type: ignore[attr-defined]


def row_of(session: Session, table: type[Row], row_id: str) -> Row:
    """Returns a row to be shown: one that was laid aside, or else the session's own. Raises NoResultFound."""
    aside: Row | None = session.info.get(_ASIDE, {}).get((table, row_id))
    return session.get_one(table, row_id) if aside is None else aside


@cache
def _columns(mapper: Mapper[Any]) -> tuple[tuple[str, Any], ...]:
    """Returns the name of each column, and its default where that is a value; else None."""
    return tuple((column.key, _default_of(column)) for column in mapper.columns)


def _default_of(column: ColumnElement[Any]) -> Any:
    default = column.default if isinstance(column, Column) else None
    return default.arg if isinstance(default, ScalarElementColumnDefault) else None


def _complete(row: Base, columns: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Gives each column of a new object the value that is read again. Returns these."""
    given = instance_dict(row)
    values = {}
    for name, default in columns:
        value = given.get(name)
        if value is None:
            value = default
        elif isinstance(value, datetime):
            value = value.astimezone(UTC)
        values[name] = value
    given.update(values)
    return values
