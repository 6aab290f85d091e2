"""Has online phones read their account when it is unknown or must be read again."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import ago
from models.fleet.logins import to_be_asked
from models.tables import Phone
from models.transactions.read_write import read
from workers.app import app
from workers.dispatch.messages import IDENTIFY
from workers.dispatch.tickets import Ticket, publish
from workers.policy.looks import EXPIRES, Looks
from workers.runtime.worker_identity import phone_queue
from workers.settings import settings


def idle_again() -> timedelta:
    """Returns the time after which the account of an idle phone is read again.

    At rest such phones are looked for every three seconds (`at_rest.IDLE_SECONDS`), and then a few are asked together.
    """
    return timedelta(seconds=settings().health * 1.4)


def identify_accounts(engine: Engine, looks: Looks) -> int:
    """Sends each such phone that `looks` lets be asked now one message. Returns their number. Raises NotPublished.

    An idle phone's account is read again within one and a half health intervals, so that a log-out is noticed within
    two.
    """

    def work(session: Session) -> dict[str, str]:
        which = to_be_asked(ago(session, idle_again()))
        return dict(session.execute(select(Phone.serial, Phone.host).where(which)).all())

    due = looks.due(read(engine, work), time.monotonic())
    return publish(app, [Ticket(str(uuid4()), IDENTIFY, phone_queue(serial), 0, expires=EXPIRES) for serial in due])
