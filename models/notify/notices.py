"""Notices: which channel is owed which alert, written in the alert's transaction, so that each is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import CursorResult, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from models import tables
from models.database.clock import database_now

CLAIM = timedelta(seconds=90)  # longer than a message takes
MOST_AT_ONCE = 100  # alerts in one message
KEPT = timedelta(days=90)
PRUNED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Owed:
    """The alerts that a channel is told now, oldest first. `claim` is this telling's own."""

    channel: tables.AlertChannel
    alerts: Sequence[tables.Alert]
    notices: Sequence[int]
    claim: str


def owe_notices(session: Session, alert: tables.Alert) -> None:
    """Owes an alert to every channel that wants its kind."""
    channels = session.scalars(
        select(tables.AlertChannel).where(tables.AlertChannel.removed_at.is_(None)).order_by(tables.AlertChannel.id)
    )
    session.add_all(
        tables.AlertNotice(channel_id=channel.id, alert_id=alert.id, at=alert.at)
        for channel in channels.all()
        if channel.kinds is None or alert.kind in channel.kinds
    )


def due_channels(session: Session) -> tuple[datetime, Sequence[tables.AlertChannel]]:
    """Returns the database's time, and the channels that are owed alerts and may be told now, but for quiet hours."""
    now = database_now(session)
    owed = exists().where(tables.AlertNotice.channel_id == tables.AlertChannel.id, tables.AlertNotice.told_at.is_(None))
    free = or_(tables.AlertChannel.claimed_until.is_(None), tables.AlertChannel.claimed_until < now)
    due = (tables.AlertChannel.removed_at.is_(None), tables.AlertChannel.not_before <= now, free, owed)
    return now, session.scalars(select(tables.AlertChannel).where(*due).order_by(tables.AlertChannel.not_before)).all()


def claim_channel(session: Session, channel_id: str) -> Owed | None:
    """Claims a channel for one telling. Returns None when another process has it, or nothing is owed any more."""
    now, claim = database_now(session), str(uuid4())
    free = or_(tables.AlertChannel.claimed_until.is_(None), tables.AlertChannel.claimed_until < now)
    done = session.execute(
        update(tables.AlertChannel)
        .where(tables.AlertChannel.id == channel_id, tables.AlertChannel.removed_at.is_(None), free)
        .values(claimed_by=claim, claimed_until=now + CLAIM)
    )
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        return None
    owed = (
        select(tables.AlertNotice.id, tables.Alert)
        .join(tables.Alert, tables.Alert.id == tables.AlertNotice.alert_id)
        .where(tables.AlertNotice.channel_id == channel_id, tables.AlertNotice.told_at.is_(None))
        .order_by(tables.AlertNotice.id)
        .limit(MOST_AT_ONCE)
    )
    rows = session.execute(owed).all()
    channel = session.get_one(tables.AlertChannel, channel_id, populate_existing=True)
    return Owed(channel, [alert for _, alert in rows], [notice for notice, _ in rows], claim)


def settle_telling(session: Session, owed: Owed, error: str | None, pause: float) -> bool:
    """Ends a telling; without an error its alerts count as told. The next message waits `pause` seconds.

    Returns whether the claim was still this telling's.
    """
    now = database_now(session)
    channel = session.get_one(tables.AlertChannel, owed.channel.id, with_for_update=True, populate_existing=True)
    if channel.claimed_by != owed.claim:
        return False
    channel.claimed_by = channel.claimed_until = None
    channel.not_before = now + timedelta(seconds=pause)
    channel.last_error = error
    channel.failures = 0 if error is None else channel.failures + 1
    if error is None:
        channel.last_told_at = now
        session.execute(update(tables.AlertNotice).where(tables.AlertNotice.id.in_(owed.notices)).values(told_at=now))
    return True


def forget_notices(session: Session, now: datetime) -> int:
    """Deletes notices of alerts that are 90 days old, a bounded number. Returns their number."""
    old = (
        select(tables.AlertNotice.id)
        .where(tables.AlertNotice.at < now - KEPT)
        .order_by(tables.AlertNotice.at)
        .limit(PRUNED_AT_ONCE)
    )
    ids = session.scalars(old).all()
    session.execute(delete(tables.AlertNotice).where(tables.AlertNotice.id.in_(ids)))
    return len(ids)
