"""Leader election: of several coordinators, the one that holds the leader's row in the ledger works."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Leader
from models.transactions.read_write import write

ROLE = "coordinator"


def lead(engine: Engine, incarnation: str, seconds: float) -> bool:
    """Takes or keeps the lead for `seconds` of database time. Returns whether this coordinator leads."""

    def work(session: Session) -> bool:
        now = database_now(session)
        leader = session.scalars(select(Leader).where(Leader.role == ROLE).with_for_update()).one_or_none()
        if leader is None:
            session.add(Leader(role=ROLE, incarnation=incarnation, until=now + timedelta(seconds=seconds)))
            session.flush()
            return True
        if leader.incarnation != incarnation and leader.until > now:
            return False
        leader.incarnation, leader.until = incarnation, now + timedelta(seconds=seconds)
        return True

    try:
        return write(engine, work)
    except IntegrityError:  # another coordinator inserted the first row
        return False


def step_down(engine: Engine, incarnation: str) -> None:
    """Gives up the lead, so that another coordinator can lead at once."""

    def work(session: Session) -> None:
        row = session.get(Leader, ROLE)
        if row is not None and row.incarnation == incarnation:
            row.until = database_now(session)

    write(engine, work)
