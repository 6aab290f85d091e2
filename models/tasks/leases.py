"""Leases: renews the leases of running tasks, and finds the workers that must leave their task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Engine, and_, or_, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import ApiKey, Campaign, Phone, Task
from models.tasks.campaign_control import ENDS_WORK
from models.tasks.states import State
from models.tasks.transitions import extend_leases
from models.transactions.read_write import read, write


@dataclass(frozen=True, slots=True)
class Renewed:
    """The result of a renewal: leases in `held` (incarnation → task id) were extended, those in `busy` were locked."""

    held: Mapping[str, str]
    busy: Set[str] = frozenset()


def renew_leases(
    engine: Engine, running: Mapping[str, str], seconds: float, steps: Mapping[str, str | None] | None = None
) -> Renewed:
    """Extends, for each incarnation in `running` (incarnation → task id), the lease on that task and on no other.

    `steps` (task id → step) is written with them, for people. A lease on any other task runs out: its worker gave
    that task up, or never learned that its claim succeeded.

    A lease that ran out is not revived, because its worker has already stopped touching the phone. A locked row is
    usually locked by its own worker's transaction. The renewal skips it instead of waiting: a worker that hangs in
    a transaction would otherwise cost the host's other workers their leases.
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
    """Selects running tasks of these incarnations; `_of_these` then checks which incarnation runs which task."""
    return Task.state == State.RUNNING, Task.id.in_(running.values()), Task.incarnation.in_(running)


def _of_these(running: Mapping[str, str], rows: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    return {one: task_id for one, task_id in rows if one is not None and running.get(one) == task_id}


def stop_requests(engine: Engine, running: Mapping[str, str]) -> set[str]:
    """Returns the incarnations that must leave their task: it or its campaign was stopped or paused, or their phone was
    paused.

    A phone that a customer paused counts for that customer's own tasks. A phone that is drained does not count: its
    task finishes.

    An attempt that verifies an action in doubt continues, unless its phone was paused: a stop or pause of its task
    takes effect once the action's outcome is recorded.
    """
    if not running:
        return set()

    def work(session: Session) -> set[str]:
        ends = or_(Task.stop_requested, Task.paused, Campaign.control.in_(ENDS_WORK))
        asked = or_(ends & ~Task.verifying, and_(Phone.paused, ~Phone.draining))
        rows = session.execute(
            select(Task.incarnation, Task.id, asked, Phone.paused_for, ApiKey.customer)
            .join(Campaign, Campaign.id == Task.campaign_id)
            .outerjoin(Phone, Phone.serial == Task.phone_serial)
            .outerjoin(ApiKey, ApiKey.id == Task.key_id)
            .where(*_run_by(running), or_(asked, Phone.paused_for.is_not(None)))
        )
        leaving = [(inc, task) for inc, task, now, off, customer in rows if now or customer in (off or ())]
        return set(_of_these(running, leaving))

    return read(engine, work)
