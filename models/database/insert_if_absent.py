"""Insert a row unless one with its key is there already, on each database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, Insert, insert
from sqlalchemy.orm import Session

from models.database.base import Base


def insert_unless_there(table: type[Base]) -> Insert:
    """The statement. It waits for a row with the same key that another transaction is inserting."""
    statement = insert(table).prefix_with("OR IGNORE", dialect="sqlite")
    for dialect in ("mysql", "mariadb"):
        statement = statement.prefix_with("IGNORE", dialect=dialect)
    return statement


def insert_if_absent(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert one row. False when it was there."""
    done = session.execute(insert_unless_there(table).values(**values))
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
