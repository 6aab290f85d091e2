"""Deletes due times of scheduled campaigns that came long ago."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.tables import Campaign, ScheduledCampaign

MOST_ROWS = 1000  # that one run deletes


def delete_old_scheduled(session: Session, before: datetime) -> int:
    """Deletes due times before a moment whose campaign is gone or never was, up to 1000. Returns how many."""
    due = ScheduledCampaign
    there = select(Campaign.id).where(Campaign.id == due.campaign_id)
    old = select(due.id).where(due.due < before, ~there.exists()).order_by(due.due).limit(MOST_ROWS)
    ids = session.scalars(old).all()
    session.execute(delete(due).where(due.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)
