"""Locks the row of a task that is to be claimed, and reads with it, by the same statement, what its claim asks for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, bindparam, select
from sqlalchemy.orm import Session

from models.database.clock import moment_read, row_moment
from models.fleet.fitness import plainly_fit
from models.tables import Account, Campaign, Phone, Task
from models.tasks.campaign_control import control_of_its_campaign
from workers.attempts.content_holds import any_on_its_flow
from workers.runtime.worker_identity import WorkerIdentity


def _account_of_phone() -> ScalarSelect[str | None]:
    """Returns, as a column, the account of the phone of a worker; NULL unless it may do any reading task of its sort.

    No row of phones or accounts is locked. NULL only means that the rules are to be asked.
    """
    resting = select(Account.id).where(Account.id == Phone.account_id, Account.resting_since.is_not(None))
    mine = Phone.serial == bindparam("serial"), Phone.incarnation == bindparam("incarnation")
    free = *plainly_fit(), Phone.sandbox == Task.sandbox, ~resting.exists()
    return select(Phone.account_id).where(*mine, *free).correlate(Task).scalar_subquery()


def _has_quotas() -> ScalarSelect[bool]:
    """Returns, as a column, whether the task's campaign may have quotas of its own. Its row is not locked."""
    return select(Campaign.quotas.is_not(None)).where(Campaign.id == Task.campaign_id).correlate(Task).scalar_subquery()


# A task, the control of its campaign, and the ledger's time then: what a claim looks at.
ASKED = select(Task, control_of_its_campaign(), row_moment())
# Made once: making it costs what sending does.
_LOCKED = ASKED.where(Task.id == bindparam("task_id")).with_for_update()
_LOCKED_ON_PHONE = _LOCKED.add_columns(_account_of_phone(), any_on_its_flow(), _has_quotas())


@dataclass(frozen=True, slots=True)
class LockedTask:
    """A task's locked row, and what was read with it.

    `now` is the ledger's clock, read after `asked_at` of this process's own (monotonic seconds). `account_id`: of the
    phone, if that may do any task of its sort. `may_be_held`: whether any hold is on its flow. `has_quotas`: whether
    its campaign may have quotas of its own.
    """

    task: Task
    control: str | None
    asked_at: float
    now: datetime
    account_id: str | None = None
    may_be_held: bool = False
    has_quotas: bool = True


def lock_task(session: Session, worker: WorkerIdentity, task_id: str) -> LockedTask | None:
    """Locks the row of a task, and no other; None if there is no such task."""
    asked_at = time.monotonic()
    if worker.serial is None:
        found = session.execute(_LOCKED, {"task_id": task_id}).one_or_none()
        return None if found is None else LockedTask(found[0], found[1], asked_at, moment_read(found[2]))
    asked = {"task_id": task_id, "serial": worker.serial, "incarnation": worker.incarnation}
    row = session.execute(_LOCKED_ON_PHONE, asked).one_or_none()
    if row is None:
        return None
    task, control, moment, account_id, held, quotas = row
    return LockedTask(task, control, asked_at, moment_read(moment), account_id, bool(held), bool(quotas))
