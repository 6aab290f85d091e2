"""Restores lost tickets: finds tickets that Redis lost, and owes them again.

The ticket of a rung, ready task is in its queue, or for a moment with a worker, which claims the task at once. If a
queue has fewer tickets than such tasks, some are lost. Then, and periodically (old tickets may hide a loss), every
task's id is looked up. A ticket that a worker has at two looks in a row, while its task is still unclaimed, belongs to
a worker that died with its host.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import timedelta

from redis import Redis
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from workers.dispatch.ring import owe_again
from workers.dispatch.tickets import UNACKED, queue_lengths, queued_ids

SETTLE = timedelta(seconds=1.5)  # a ticket on its way is not lost: from marking to its list, and from list to unacked
BATCH_SIZE = 2000
MARK = "phonefleet.mark"


def restore(engine: Engine, redis: Redis, in_hands: set[str], *, look_at_all: bool) -> int:
    """Owes lost tickets again. Returns their number. Raises redis.RedisError.

    `in_hands`: the tasks whose tickets were with a worker at the last look; replaced by those of this look.
    """
    expected = read(engine, _expected)
    if not expected:
        return 0
    if not look_at_all and not short(expected, queue_lengths(redis, list(expected))):
        return 0
    rung = read(engine, _rung)
    here = queued_ids(redis, list(expected))
    lost, held = lost_tickets(rung, here, in_hands)
    in_hands.clear()
    in_hands.update(held)
    for start in range(0, len(lost), BATCH_SIZE):
        some = lost[start : start + BATCH_SIZE]
        write(engine, lambda session, some=some: owe_again(session, some))  # type: ignore[misc]
    return len(lost)


def restore_after_emptying(engine: Engine, redis: Redis) -> int:
    """Owes every ticket again if Redis was emptied, so that its mark is missing. Returns the number of tickets.

    This is faster than counting. Tickets that were sent after the emptying are sent twice, without harm. Raises
    redis.RedisError.
    """
    if not redis.set(MARK, "a Redis that lost this key lost its tickets", nx=True):
        return 0

    def work(session: Session) -> int:
        rung = session.scalars(select(Task.id).where(Task.state == State.READY, Task.rung_at.is_not(None))).all()
        for start in range(0, len(rung), BATCH_SIZE):
            owe_again(session, rung[start : start + BATCH_SIZE])
        return len(rung)

    return write(engine, work)


def short(expected: Mapping[str, int], lengths: Mapping[str, int]) -> bool:
    """Returns whether any queue has fewer tickets than waiting tasks."""
    return any(lengths.get(queue, 0) < count for queue, count in expected.items())


def lost_tickets(
    rung: Mapping[str, str], here: Mapping[str, Set[str]], in_hands: Set[str] = frozenset()
) -> tuple[list[str], set[str]]:
    """Returns the tasks (id → queue) whose tickets are lost, and those whose tickets are newly with a worker."""
    queued: set[str] = set().union(*(ids for place, ids in here.items() if place != UNACKED))
    missing = [task_id for task_id in rung if task_id not in queued]
    held = {task_id for task_id in missing if task_id in here.get(UNACKED, frozenset())} - in_hands
    return [task_id for task_id in missing if task_id not in held], held


def _expected(session: Session) -> dict[str, int]:
    settled = database_now(session) - SETTLE
    rows = session.execute(
        select(Task.rung_queue, func.count())
        .where(Task.state == State.READY, Task.rung_queue.is_not(None), Task.rung_at < settled)
        .group_by(Task.rung_queue)
    )
    return {queue: count for queue, count in rows if queue is not None}


def _rung(session: Session) -> dict[str, str]:
    settled = database_now(session) - SETTLE
    rows = session.execute(
        select(Task.id, Task.rung_queue).where(
            Task.state == State.READY, Task.rung_queue.is_not(None), Task.rung_at < settled
        )
    )
    return {task_id: queue for task_id, queue in rows if queue is not None}
