"""Has phones show their number that were asked to: their workers take the message between two tasks."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Engine

from models.fleet.shows import asked_to_show
from models.transactions.read_write import read
from workers.app import app
from workers.dispatch.messages import FIND
from workers.dispatch.tickets import Ticket, publish
from workers.runtime.worker_identity import phone_queue


def find_phones(engine: Engine) -> int:
    """Sends each such phone one message. Returns the number of messages. Raises NotPublished."""
    serials = read(engine, asked_to_show)
    return publish(app, [Ticket(str(uuid4()), FIND, phone_queue(serial), 0, expires=3) for serial in serials])
