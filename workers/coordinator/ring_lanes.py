"""Rings lanes with due callbacks: one ticket a lane says how many of them may be sent at once."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.lanes import RUNG_FOR, any_due, customers_of, lanes_due
from models.transactions.read_write import read, write
from workers.app import app
from workers.dispatch.messages import DELIVER, MOST_IN_A_LANE
from workers.dispatch.tickets import Ticket, publish
from workers.runtime.worker_identity import DELIVERY_QUEUE

NORMAL = 6


def ring_lanes(engine: Engine) -> int:
    """Rings the lanes. Returns the number of tickets. Raises NotPublished: then they are rung again after 5 seconds."""
    if not read(engine, lambda session: any_due(session, database_now(session))):
        return 0

    def work(session: Session) -> list[tuple[str, str, int]]:
        wanted = lanes_due(session, database_now(session), MOST_IN_A_LANE)
        whose = customers_of(session, wanted)
        return [(lane, whose.get(lane, ""), count) for lane, count in wanted.items()]

    wanted = write(engine, work)
    expires = 2 * RUNG_FOR.total_seconds()
    return publish(
        app,
        [
            Ticket(str(uuid4()), DELIVER, DELIVERY_QUEUE, NORMAL, expires, (lane, customer, count))
            for lane, customer, count in wanted
        ],
    )
