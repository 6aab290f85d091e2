"""Subscribers: the customers' keys that subscribed to alerts, or to quarantines of phones."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import tables


def subscribers(session: Session, event_type: str) -> Sequence[tables.ApiKey]:
    """Returns the keys that subscribed to this type of event, `alert` or `phone.quarantined`, by id."""
    wants = tables.ApiKey.wants_quarantines if event_type == "phone.quarantined" else tables.ApiKey.wants_alerts
    wanted = select(tables.ApiKey).where(
        wants, tables.ApiKey.events_url.is_not(None), tables.ApiKey.revoked_at.is_(None)
    )
    return session.scalars(wanted.order_by(tables.ApiKey.id)).all()
