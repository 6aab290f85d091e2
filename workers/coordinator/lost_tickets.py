"""Restore: tickets that Redis lost are owed again.

A ready task whose ticket is rung has it in its queue, or for a moment in a worker's hands, which
claims the task at once. When a queue holds fewer tickets than there are such tasks, some are lost:
then, and now and then in any case (old tickets may hide a loss), every id is looked up. A ticket
that is found in somebody's hands at two looks one after the other, while its task is still not
claimed, is in the hands of a worker that died together with its host.
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
    """Owe lost tickets again; how many. Raises redis.RedisError.

    `in_hands` are the tasks whose ticket the last look found in a worker's hands; this look's take their place.
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
    """Owe every ticket again when Redis was emptied, which shows by the mark that is gone; how many.

    Sooner than counting finds it out. Tickets that were sent since then are sent twice, which does no harm.
    Raises redis.RedisError.
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
    """Does any queue hold fewer tickets than tasks wait in it?"""
    return any(lengths.get(queue, 0) < count for queue, count in expected.items())


def lost_tickets(
    rung: Mapping[str, str], here: Mapping[str, Set[str]], in_hands: Set[str] = frozenset()
) -> tuple[list[str], set[str]]:
    """The tasks (id → queue) whose ticket is lost, and those whose ticket is in a worker's hands for the first time."""
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
