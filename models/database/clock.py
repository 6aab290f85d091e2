"""The ledger's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, DateTime, func, literal, literal_column, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import GenericFunction

from models.database.base import Base, UtcTime

Row = TypeVar("Row", bound=Base)

DATABASE_MOMENT: ColumnElement[datetime] = literal_column("UTC_TIMESTAMP(6)")  # SQLite has none


class row_moment(GenericFunction[datetime]):  # noqa: N801 - a function of SQL
    """The database's time when it reads a row, as a column beside it; `moment_read` makes an aware one of it.

    A statement that waited for a row's lock reads it afterwards, and UTC_TIMESTAMP would be of before. Sessions are
    in UTC (models.database.engine). SQLite's transactions wait for their lock before they read anything.
    """

    type = DateTime()
    inherit_cache = True


@compiles(row_moment)
def _row_moment(_element: row_moment, _compiler: Any, **_: Any) -> str:
    return "SYSDATE(6)"


@compiles(row_moment, "sqlite")
def _row_moment_of_sqlite(_element: row_moment, _compiler: Any, **_: Any) -> str:
    return "NULL"  # SQLite has only its process's clock


def moment_read(moment: datetime | None) -> datetime:
    """Returns the aware time of a `row_moment` that was read just now."""
    return datetime.now(UTC) if moment is None else moment.replace(tzinfo=UTC)


def database_now(session: Session) -> datetime:
    """Returns the database's time. Leases are measured by it alone, because hosts' clocks may be wrong."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)  # SQLite has only its process's clock
    moment = session.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC)


def ago(session: Session, time: timedelta) -> ColumnElement[datetime]:
    """Returns the database's time less `time` as a part of a question, which so needs no question of its own."""
    if session.get_bind().dialect.name == "sqlite":
        return literal(datetime.now(UTC) - time, UtcTime())
    return func.timestampadd(text("MICROSECOND"), -round(time.total_seconds() * 1_000_000), DATABASE_MOMENT)


def database_now_with(session: Session, table: type[Row], which: ColumnElement[bool]) -> tuple[datetime, Sequence[Row]]:
    """Returns the database's time, as `database_now`, and the rows of a table, with one question for both."""
    if session.get_bind().dialect.name == "sqlite":
        return database_now(session), session.scalars(select(table).where(which)).all()
    clock = select(DATABASE_MOMENT.label("moment")).subquery("clock")
    rows = session.execute(select(clock.c.moment, table).select_from(clock.outerjoin(table, which))).all()
    moment = rows[0][0]
    assert isinstance(moment, datetime)
    return moment.replace(tzinfo=UTC), [row for _, row in rows if row is not None]
