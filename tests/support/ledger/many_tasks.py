"""Very many tasks at once, without planting each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from models.database.base import new_id
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import write


def many(engine: Engine, campaign_id: str, count: int, **values: Any) -> None:
    """So many more tasks like the campaign's first, as if they had been planted one after the other."""

    def work(session: Session) -> None:
        like = session.scalars(select(Task).where(Task.campaign_id == campaign_id).limit(1)).one()
        row = {column.name: getattr(like, column.name) for column in Task.__table__.columns}
        row |= {"state": State.READY, "rung_at": None, "rung_queue": None, "attempt": 0, **values}
        rows = [{**row, "id": new_id(), "position": number + 1} for number in range(count)]
        for start in range(0, count, 1000):
            session.execute(insert(Task), rows[start : start + 1000])

    write(engine, work)
