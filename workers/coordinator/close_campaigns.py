"""Closes campaigns without open tasks: writes their outcome.

Usually the end of its last task closes a campaign. But when two last tasks end at the same moment, each may see the
other as open.
"""

from __future__ import annotations

from sqlalchemy import Engine, exists, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Campaign, Task
from models.tasks.states import OPEN
from models.transactions.read_write import write
from workers.lifecycle.dependents import close_campaign

BATCH_SIZE = 50


def close_ended(engine: Engine) -> int:
    """Closes at most 50 campaigns. Returns the number closed."""

    def work(session: Session) -> int:
        now = database_now(session)
        still_open = exists().where(Task.campaign_id == Campaign.id, Task.state.in_(list(OPEN)))
        ended = session.scalars(
            select(Campaign.id).where(Campaign.outcome.is_(None), ~still_open).limit(BATCH_SIZE)
        ).all()
        return sum(close_campaign(session, campaign_id, now) for campaign_id in ended)

    return write(engine, work)
