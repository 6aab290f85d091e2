"""Who takes care of an alert: a person puts their name to it, and takes it off again. Each is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.audit_log import record_change
from models.tables import Alert
from models.transactions.read_write import write
from models.values.refused import refuse

SHOWN_FOR = timedelta(hours=24)  # an alert whose cause tells of no end


def take_alert(engine: Engine, number: int, *, who: str) -> None:
    """Puts a person's name to an alert. Raises Refused when it is unknown, or another person's already."""

    def work(session: Session) -> None:
        alert = _alert(session, number)
        if alert.taken_by == who:
            return
        if alert.taken_by is not None:
            raise refuse("alert", f"{alert.taken_by} takes care of it", "ask that person to give it back first")
        alert.taken_by, alert.taken_at = who, database_now(session)
        record_change(session, who, f"alert:{number}", None, {"taken by": who})

    write(engine, work)


def give_back_alert(engine: Engine, number: int, *, who: str) -> None:
    """Takes a person's name off an alert, whoever's it is: shifts end. Raises Refused when it is unknown."""

    def work(session: Session) -> None:
        alert = _alert(session, number)
        if alert.taken_by is not None:
            record_change(session, who, f"alert:{number}", {"taken by": alert.taken_by}, None)
        alert.taken_by = alert.taken_at = None

    write(engine, work)


def _alert(session: Session, number: int) -> Alert:
    alert = session.scalars(select(Alert).where(Alert.id == number).with_for_update()).one_or_none()
    if alert is None:
        raise refuse("alert", f"{number} is unknown", "see the list of alerts")
    return alert


def open_alerts(session: Session, now: datetime, most: int) -> Sequence[Alert]:
    """Returns the alerts of the last day that are not over, and older ones that a person took, newest first."""
    recent = or_(Alert.at > now - SHOWN_FOR, Alert.taken_by.is_not(None))
    wanted = select(Alert).where(Alert.over_at.is_(None), recent, Alert.at > now - 30 * SHOWN_FOR)
    return session.scalars(wanted.order_by(Alert.at.desc(), Alert.id.desc()).limit(most)).all()
