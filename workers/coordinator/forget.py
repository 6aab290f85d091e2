"""Forget: give up callbacks nobody took in a week; delete old deliveries and state changes, and ids of requests."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.changes import forget_changes
from models.delivery_log import forget_deliveries
from models.engine import database_now, write
from models.keys import forget_seen
from models.lanes import give_up_old


def forget(engine: Engine) -> int:
    """A bounded number of each; how many."""

    def work(session: Session) -> int:
        now = database_now(session)
        forgotten = give_up_old(session, now) + forget_deliveries(session, now)
        return forgotten + forget_seen(session, now) + forget_changes(session, now)

    return write(engine, work)
