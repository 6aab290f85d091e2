"""Whether there is anything to ring, asked with one statement, where a ring takes twenty to find nothing."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, Select, or_, select

from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE


def _any(*which: ColumnElement[bool]) -> Select[tuple[bool]]:
    """Asks for one row of each; of an EXISTS, MariaDB would read all."""
    found = (select(Task.id).where(Task.state == State.READY, one).limit(1).scalar_subquery() for one in which)
    return select(or_(*(one.is_not(None) for one in found)))


_WITHOUT_TICKET = Task.rung_at.is_(None)
# there a ticket may be in vain: the phone may be gone, or have its hands full
_AT_A_PHONE = Task.rung_queue.not_in([POOL_QUEUE, DESK_QUEUE])
_WAITS = _any(_WITHOUT_TICKET)
_TO_RING = _any(_WITHOUT_TICKET, _AT_A_PHONE)


def any_waits(engine: Engine) -> bool:
    """Returns whether any task may be owed a ticket."""
    return bool(read(engine, lambda session: session.scalar(_WAITS)))


def any_to_ring(engine: Engine) -> bool:
    """Returns whether any task may be owed a ticket, or any ticket may have to be taken back."""
    return bool(read(engine, lambda session: session.scalar(_TO_RING)))
