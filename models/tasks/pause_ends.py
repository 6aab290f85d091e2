"""Pauses that end by themselves: stores the moment, and finds those whose moment has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Campaign, PauseEnd, Phone, Task
from models.tasks.states import OPEN
from models.values.refused import refuse

AGAIN = timedelta(minutes=1)  # until what cannot be resumed now is tried again


def end_at(session: Session, subject: str, until: datetime | None) -> None:
    """Stores when the pause of a subject ends; None: it lasts until resumed."""
    session.execute(delete(PauseEnd).where(PauseEnd.subject == subject))
    if until is not None:
        session.add(PauseEnd(subject=subject, ends_at=until))


def no_end(session: Session, subject: str, *, due: bool = False) -> None:
    """Forgets the end of a pause that is over. `due`: raises Refused unless its moment has come."""
    row = session.get(PauseEnd, subject)
    if due and (row is None or row.ends_at > database_now(session)):
        raise refuse("pause", f"that of {subject} does not end now", "nothing is to be done")
    if row is not None:
        session.delete(row)


def due_ends(session: Session, most: int) -> Sequence[str]:
    """Returns the subjects whose pause ends now, the longest overdue first, at most `most`."""
    wanted = select(PauseEnd.subject).where(PauseEnd.ends_at <= database_now(session)).order_by(PauseEnd.ends_at)
    return session.scalars(wanted.limit(most)).all()


def put_off(session: Session, subject: str) -> None:
    """Tries a pause that could not be ended a minute later; forgets it if nothing is paused any more."""
    row, now = session.get(PauseEnd, subject), database_now(session)
    if row is None or row.ends_at > now:
        return
    if _is_paused(session, *subject.split(":", 1)):
        row.ends_at = now + AGAIN
    else:
        session.delete(row)


def _is_paused(session: Session, kind: str, one: str) -> bool:
    if kind == "phone":
        phone = session.get(Phone, one)
        return phone is not None and phone.paused
    if kind == "campaign":
        campaign = session.get(Campaign, one)
        return campaign is not None and campaign.paused and campaign.outcome is None
    task = session.get(Task, one)
    return task is not None and task.paused and task.state in OPEN
