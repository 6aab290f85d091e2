"""Deletes what watches remember: digests of items, looks, and the numbers of hours."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from models.tables import WatchHour, WatchItem, WatchLook
from models.values.enums import LookOutcome

MOST_ROWS = 1000  # that one run deletes


def delete_old_items(session: Session, before: datetime) -> int:
    """Deletes items that were last seen before a moment, up to 1000. Returns how many.

    An item that is seen again afterwards is new to its watch.
    """
    columns = (WatchItem.watch_id, WatchItem.item_key)
    old = select(*columns).where(WatchItem.last_seen_at < before).order_by(WatchItem.last_seen_at).limit(MOST_ROWS)
    keys = [tuple(row) for row in session.execute(old)]
    if keys:
        session.execute(
            delete(WatchItem).where(tuple_(*columns).in_(keys)).execution_options(synchronize_session=False)
        )
    return len(keys)


def delete_old_looks(session: Session, before: datetime) -> int:
    """Deletes looks that were due before a moment and have ended, up to 1000. Returns how many."""
    ended = WatchLook.outcome.not_in([LookOutcome.PLANTED, LookOutcome.LOOKED])
    old = select(WatchLook.id).where(WatchLook.due < before, ended).order_by(WatchLook.due).limit(MOST_ROWS)
    ids = session.scalars(old).all()
    session.execute(delete(WatchLook).where(WatchLook.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def delete_old_hours(session: Session, before: datetime) -> int:
    """Deletes the numbers of hours before a moment, up to 1000. Returns how many."""
    columns = (WatchHour.watch_id, WatchHour.hour)
    old = select(*columns).where(WatchHour.hour < before).order_by(WatchHour.hour).limit(MOST_ROWS)
    keys = [tuple(row) for row in session.execute(old)]
    if keys:
        session.execute(
            delete(WatchHour).where(tuple_(*columns).in_(keys)).execution_options(synchronize_session=False)
        )
    return len(keys)
