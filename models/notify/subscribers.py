"""Subscribers: the customers' keys that subscribed to alerts, or to quarantines of phones."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import ApiKey


def subscribers(session: Session, event_type: str) -> Sequence[ApiKey]:
    """Returns the keys that subscribed to this type of event, `alert` or `phone.quarantined`, by id."""
    wants = ApiKey.wants_quarantines if event_type == "phone.quarantined" else ApiKey.wants_alerts
    wanted = select(ApiKey).where(wants, ApiKey.events_url.is_not(None), ApiKey.revoked_at.is_(None))
    return session.scalars(wanted.order_by(ApiKey.id)).all()
