"""What tests of attacks ask for, and a look whether anything came of it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import Campaign, Task
from models.transactions.read_write import read
from tests.support.gateway.api_server import Api
from tests.support.ledger.drive import AUTHOR

TITLES = {"author_id": AUTHOR, "count": 2}
TASK = {"reference": "one", "flow": "collect_titles", "params": TITLES}


def nothing_planted(api: Api) -> bool:
    """Neither a task nor a campaign is there."""

    def work(session: Session) -> bool:
        return not any(session.scalar(select(func.count()).select_from(table)) for table in (Task, Campaign))

    return read(api.engine, work)
