"""Rescue: frees tasks whose worker died or whose lease ran out, so that other workers take them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import write
from workers.attempts.record import lose

BATCH_SIZE = 100


def incarnation_died(engine: Engine, incarnation: str, why: str) -> list[str]:
    """Frees the task of a worker that is known to be dead, at once. Returns the ids that became ready."""
    return incarnations_died(engine, {incarnation: why})


def incarnations_died(engine: Engine, whys: Mapping[str, str]) -> list[str]:
    """Does the same for several (incarnation → why), in one transaction: they died together, and others wait."""

    def work(session: Session) -> list[str]:
        held = session.scalars(
            select(Task)
            .where(Task.state == State.RUNNING, Task.incarnation.in_(list(whys)))
            .order_by(Task.id)
            .with_for_update()
        ).all()
        return [ready for task in held for ready in lose(session, task, whys[task.incarnation or ""])]

    return write(engine, work)


def rescue_expired(engine: Engine) -> list[str]:
    """Frees at most 100 tasks whose leases ran out: their workers stopped touching the phone before that."""

    def work(session: Session) -> list[str]:
        now = database_now(session)
        expired = session.scalars(
            select(Task.id)
            .where(Task.state == State.RUNNING, Task.lease_until < now)
            .order_by(Task.id)
            .limit(BATCH_SIZE)
        ).all()
        ready: list[str] = []
        for task_id in expired:
            # one that somebody holds is looked at in the next round: a worker that stands still in the middle of
            # a transaction must not keep all others waiting
            locked = select(Task).where(Task.id == task_id).with_for_update(skip_locked=True)
            task = session.scalars(locked).one_or_none()
            if task is None:
                continue
            if task.state == State.RUNNING and task.lease_until is not None and task.lease_until < now:
                ready += lose(session, task, "its worker stopped renewing the lease")
        return ready

    return write(engine, work)
