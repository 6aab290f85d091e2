"""Inserts a row unless one with its key exists, on each database."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, Insert, Table, insert
from sqlalchemy.orm import Session

from models.database.base import Base


def insert_unless_there(table: type[Base]) -> Insert:
    """Returns the INSERT statement. It waits while another transaction inserts a row with the same key."""
    statement = insert(cast("Table", table.__table__)).prefix_with("OR IGNORE", dialect="sqlite")
    for dialect in ("mysql", "mariadb"):
        statement = statement.prefix_with("IGNORE", dialect=dialect)
    return statement


def insert_if_absent(session: Session, table: type[Base], **values: Any) -> bool:
    """Inserts one row. Returns False when a row with its key existed."""
    done = session.execute(insert_unless_there(table).values(**values))
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
