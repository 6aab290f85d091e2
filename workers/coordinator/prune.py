"""Prunes the ledger: gives up callbacks after a week; deletes old deliveries, changes, request ids and pictures.

Deletes requests about tasks of campaigns that ended first, too.
"""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.pictures import forget_pictures
from models.fleet.recordings import forget_recordings
from models.history.request_ids import forget_seen
from models.history.state_changes import forget_changes
from models.notify.delivery_log import forget_deliveries
from models.notify.lanes import give_up_old
from models.notify.notices import forget_notices
from models.transactions.read_write import write
from workers.control.task_requests import forget_overtaken


def forget(engine: Engine) -> int:
    """Prunes a bounded number of each kind. Returns the number of rows pruned."""

    def work(session: Session) -> int:
        now = database_now(session)
        forgotten = give_up_old(session, now) + forget_deliveries(session, now) + forget_pictures(session, now)
        forgotten += forget_overtaken(session) + forget_recordings(session, now)
        return forgotten + forget_seen(session, now) + forget_changes(session, now) + forget_notices(session, now)

    return write(engine, work)
