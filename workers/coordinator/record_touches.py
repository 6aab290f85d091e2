"""Has phones do the touches of recordings: their workers take the message, as no task comes between."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Engine

from models.fleet.recordings import asked_phones
from models.transactions.read_write import read
from workers.app import app
from workers.dispatch.messages import RECORD
from workers.dispatch.tickets import Ticket, publish
from workers.runtime.worker_identity import phone_queue


def record_touches(engine: Engine) -> int:
    """Sends each such phone one message. Returns the number of messages. Raises NotPublished."""
    serials = read(engine, asked_phones)
    return publish(app, [Ticket(str(uuid4()), RECORD, phone_queue(serial), 0, expires=3) for serial in serials])
