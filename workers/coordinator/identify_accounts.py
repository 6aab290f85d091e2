"""Acquaint: phones that are online are asked who is logged in, when nobody knows it or it must be read again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.logins import to_be_asked
from models.tables import Phone
from models.transactions.read_write import read
from workers.app import app
from workers.dispatch.messages import IDENTIFY
from workers.dispatch.tickets import Ticket, publish
from workers.runtime.worker_identity import phone_queue
from workers.settings import settings


def identify_accounts(engine: Engine) -> int:
    """Send each such phone one message; how many. Raises NotPublished.

    An idle phone is asked again after one and a half of the times that its health is asked, so that an account which
    somebody logged out is noticed within two.
    """
    again = timedelta(seconds=settings().health * 1.5)

    def work(session: Session) -> list[str]:
        return list(session.scalars(select(Phone.serial).where(to_be_asked(database_now(session) - again))))

    serials = read(engine, work)
    return publish(app, [Ticket(str(uuid4()), IDENTIFY, phone_queue(serial), 0, expires=3) for serial in serials])
