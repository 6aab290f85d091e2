"""The fence: the ledger accepts writes only from the attempt that holds the task's lease."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
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


def check_fence(session: Session, fence: Fence) -> Task:
    """Returns the task's row, locked, if this attempt holds its lease. Raises LeaseLost."""
    task = session.scalars(select(Task).where(Task.id == fence.task_id).with_for_update()).one_or_none()
    if (
        task is None
        or task.state != State.RUNNING
        or task.attempt != fence.attempt
        or task.incarnation != fence.incarnation
        or task.lease_until is None
        or task.lease_until <= database_now(session)
    ):
        raise LeaseLost(fence)
    return task


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
