"""The ledger's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, literal_column, select, text
from sqlalchemy.orm import Session

from models.database.base import Base

Row = TypeVar("Row", bound=Base)


def database_now(session: Session) -> datetime:
    """Returns the database's time. Leases are measured by it alone, because hosts' clocks may be wrong."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # SQLite has only its process's clock
    moment = session.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC)


def database_now_with(session: Session, table: type[Row], which: ColumnElement[bool]) -> tuple[datetime, Sequence[Row]]:
    """Returns the database's time, as `database_now`, and the rows of a table, with one question for both."""
    if session.get_bind().dialect.name == "sqlite":
        return database_now(session), session.scalars(select(table).where(which)).all()
    clock = select(literal_column("UTC_TIMESTAMP(6)").label("moment")).subquery("clock")
    rows = session.execute(select(clock.c.moment, table).select_from(clock.outerjoin(table, which))).all()
    moment = rows[0][0]
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC), [row for _, row in rows if row is not None]
