"""Leases: how long each running task is its worker's, and which workers are to leave what they run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Engine, or_, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Phone, Task
from models.tasks.states import State
from models.tasks.transitions import extend_leases
from models.transactions.read_write import read, write


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of leases: `held` are extended (incarnation → task id), `busy` are neither extended nor lost."""

    held: Mapping[str, str]
    busy: Set[str] = frozenset()


def renew_leases(
    engine: Engine, running: Mapping[str, str], seconds: float, steps: Mapping[str, str | None] | None = None
) -> Renewed:
    """Extend the lease that each of these incarnations has on the task that it runs, and on no other.

    `steps` (task id → step) is written with them, for people. What an incarnation holds beside that it gave up,
    or never learned that it has: that lease runs out.

    A lease that ran out is not revived: its worker already stopped touching the phone. A task whose row is locked
    is busy, with its own worker's transaction as a rule: it is not waited for, or a worker that stands still in the
    middle of one would cost its neighbours their leases.
    """
    if not running:
        return Renewed({})

    def work(session: Session) -> Renewed:
        now = database_now(session)
        lasting = (*_run_by(running), Task.lease_until > now)
        rows = session.execute(select(Task.incarnation, Task.id).where(*lasting).with_for_update(skip_locked=True))
        held = _of_these(running, rows)
        extend_leases(session, held.values(), now + timedelta(seconds=seconds), steps)
        if len(held) == len(running):
            return Renewed(held)
        # read without locks: as the rows were before the transactions that hold them
        all_of_them = _of_these(running, session.execute(select(Task.incarnation, Task.id).where(*lasting)))
        return Renewed(held, all_of_them.keys() - held.keys())

    return write(engine, work)


def _run_by(running: Mapping[str, str]) -> tuple[ColumnElement[bool], ...]:
    """Tasks that run, by one of these incarnations; which of them runs which is looked at with _of_these."""
    return Task.state == State.RUNNING, Task.id.in_(running.values()), Task.incarnation.in_(running)


def _of_these(running: Mapping[str, str], rows: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    return {one: task_id for one, task_id in rows if one is not None and running.get(one) == task_id}


def stop_requests(engine: Engine, running: Mapping[str, str]) -> set[str]:
    """Which of these incarnations are to leave the task that they run: it is to stop or was paused, or their phone was.

    What looks for an action in doubt goes on with that, unless its phone was paused: stop and pause of a task
    take effect once the outcome is recorded.
    """
    if not running:
        return set()

    def work(session: Session) -> set[str]:
        rows = session.execute(
            select(Task.incarnation, Task.id)
            .outerjoin(Phone, Phone.serial == Task.phone_serial)
            .where(*_run_by(running), or_((Task.stop_requested | Task.paused) & ~Task.verifying, Phone.paused))
        )
        return set(_of_these(running, rows))

    return read(engine, work)
