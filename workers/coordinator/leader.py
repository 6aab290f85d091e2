"""Leader election: of several coordinators, the one that holds the leader's row in the ledger works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Engine, func, or_, text, update
from sqlalchemy.orm import Session

from models.database.clock import database_now, row_moment
from models.database.insert_if_absent import insert_if_absent
from models.tables import Leader
from models.transactions.read_write import write

ROLE = "coordinator"


def lead(engine: Engine, incarnation: str, seconds: float) -> bool:
    """Takes or keeps the lead for `seconds` of database time. Returns whether this coordinator leads.

    One statement, which the leader sends more often than any other.
    """
    now, until = _lease(engine, seconds)

    def work(session: Session) -> bool:
        free = or_(Leader.incarnation == incarnation, Leader.until <= now)
        kept = update(Leader).where(Leader.role == ROLE, free).values(incarnation=incarnation, until=until)
        done = session.execute(kept.execution_options(synchronize_session=False))
        assert isinstance(done, CursorResult)
        return done.rowcount == 1 or insert_if_absent(session, Leader, role=ROLE, incarnation=incarnation, until=until)

    return write(engine, work)


def _lease(engine: Engine, seconds: float) -> tuple[Any, Any]:
    """Returns the database's time and the end of the lease, each as a value or as what the database makes of it."""
    if engine.dialect.name == "sqlite":
        now = datetime.now(UTC)  # SQLite has only its process's clock
        return now, now + timedelta(seconds=seconds)
    moment = row_moment()
    return moment, func.timestampadd(text("MICROSECOND"), round(seconds * 1_000_000), moment)


def step_down(engine: Engine, incarnation: str) -> None:
    """Gives up the lead, so that another coordinator can lead at once."""

    def work(session: Session) -> None:
        row = session.get(Leader, ROLE)
        if row is not None and row.incarnation == incarnation:
            row.until = database_now(session)

    write(engine, work)
