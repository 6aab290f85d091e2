"""Acquaint: phones that are online are asked who is logged in, when nobody knows it or it must be read again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.engine import database_now, read
from models.logins import to_be_asked
from models.tables import Phone
from workers.app import app
from workers.seat import phone_queue
from workers.settings import settings
from workers.tickets import Ticket, publish

IDENTIFY = "identify"  # a message without a row: it reads, and acts on nothing


def acquaint(engine: Engine) -> int:
    """Send each such phone one message; how many. Raises NotPublished.

    An idle phone is asked again after one and a half of the times that its health is asked, so that an account which
    somebody logged out is noticed within two.
    """
    again = timedelta(seconds=settings().health * 1.5)

    def work(session: Session) -> list[str]:
        return list(session.scalars(select(Phone.serial).where(to_be_asked(database_now(session) - again))))

    serials = read(engine, work)
    return publish(app, [Ticket(str(uuid4()), IDENTIFY, phone_queue(serial), 0, expires=3) for serial in serials])
