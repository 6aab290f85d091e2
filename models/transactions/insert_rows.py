"""Inserts new objects with one statement; the session then has them as if it had read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnDefault, Table, insert
from sqlalchemy.orm import Mapper, Session, make_transient_to_detached, object_mapper

from models.database.base import Base

_KEPT = "inserted rows"


def insert_rows(session: Session, rows: Sequence[Base]) -> None:
    """Inserts objects of one class. Columns without a value get their default, or NULL.

    A flush would give the same; it costs three times as much, and whoever shows the rows afterwards would have to
    read them again. The session's events are not called: whoever inserts notes the state changes.
    """
    if not rows:
        return
    mapper = object_mapper(rows[0])
    session.execute(insert(cast("Table", mapper.local_table)), [_complete(row, mapper) for row in rows])
    for row in rows:
        make_transient_to_detached(row)
        session.add(row)
    session.info.setdefault(_KEPT, []).extend(rows)  # a session alone keeps no object that nobody else has


def _complete(row: Base, mapper: Mapper[Any]) -> dict[str, Any]:
    """Gives each column of a new object the value that is read again. Returns these."""
    given = row.__dict__
    values = {}
    for column in mapper.columns:
        name = column.key
        value = before = given.get(name)
        if value is None and column.default is not None and column.default.is_scalar:
            value = cast("ColumnDefault", column.default).arg
        elif isinstance(value, datetime):
            value = value.astimezone(UTC)
        if value is not before or name not in given:
            setattr(row, name, value)
        values[name] = value
    return values
