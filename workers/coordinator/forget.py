"""Forget: callbacks nobody took in a week, ids of requests that are too old to come again, old state changes."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.changes import forget_changes
from models.engine import database_now, write
from models.keys import forget_seen
from models.lanes import give_up_old


def forget(engine: Engine) -> int:
    """A bounded number of each; how many."""

    def work(session: Session) -> int:
        now = database_now(session)
        return give_up_old(session, now) + forget_seen(session, now) + forget_changes(session, now)

    return write(engine, work)
