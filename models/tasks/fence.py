"""The fence: the ledger accepts writes only from the attempt that holds the task's lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.orm import Session

from models.database.clock import database_now, moment_read, row_moment
from models.tables import Attempt, RefusedWrite, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.enums import AttemptOutcome


@dataclass(frozen=True, slots=True)
class Fence:
    """Identifies a writer: one attempt at a task, by one incarnation."""

    task_id: str
    attempt: int
    incarnation: str


class LeaseLost(Exception):
    """This attempt no longer holds the task's lease: its write is refused, and it must stop."""

    def __init__(self, fence: Fence) -> None:
        super().__init__(f"attempt {fence.attempt} at task {fence.task_id} no longer holds it")
        self.fence = fence


# Made once, because making it costs as much as sending it.
LOCKED = select(Task, row_moment()).where(Task.id == bindparam("task_id")).with_for_update()


def check_fence(session: Session, fence: Fence) -> tuple[Task, datetime]:
    """Returns the task's row, locked, and the ledger's time, if this attempt holds its lease. Raises LeaseLost."""
    found = session.execute(LOCKED, {"task_id": fence.task_id}).one_or_none()
    return held(fence, *(found or (None, None)))


def held(fence: Fence, task: Task | None, moment: datetime | None) -> tuple[Task, datetime]:
    """Returns a row that `LOCKED` read, and the time, if this attempt holds the task's lease. Raises LeaseLost."""
    now = moment_read(moment)
    if (
        task is None
        or task.state != State.RUNNING
        or task.attempt != fence.attempt
        or task.incarnation != fence.incarnation
        or task.lease_until is None
        or task.lease_until <= now
    ):
        raise LeaseLost(fence)
    return task, now


def recorded_already(engine: Engine, fence: Fence) -> bool:
    """Returns whether this attempt has recorded its own outcome."""

    def work(session: Session) -> bool:
        outcome = session.scalar(
            select(Attempt.outcome).where(
                Attempt.task_id == fence.task_id,
                Attempt.number == fence.attempt,
                Attempt.incarnation == fence.incarnation,
            )
        )
        return outcome is not None and outcome != AttemptOutcome.LOST

    return read(engine, work)


def record_refused_write(engine: Engine, fence: Fence, what: str) -> None:
    """Records that a late write of this attempt was refused; `what` names the write."""

    def work(session: Session) -> None:
        session.add(
            RefusedWrite(
                task_id=fence.task_id,
                attempt=fence.attempt,
                incarnation=fence.incarnation,
                what=what,
                at=database_now(session),
            )
        )

    write(engine, work)
