"""Ends overdue tasks: a task past its latest end fails, with the reason why it did not run."""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from flows.failures import Culprit, Kind
from models.database.clock import database_now
from models.tables import Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd
from models.transactions.read_write import write
from workers.lifecycle.dependents import end_task

BATCH_SIZE = 100
# Running tasks end by their own limits, and delegated tasks end with the tasks in their place.
LATE = (State.WAITING, State.READY, State.HELD, State.NEEDS_REVIEW)


def end_overdue(engine: Engine) -> list[str]:
    """Ends at most 100 tasks that did not start in time. Returns the ids of the tasks that became ready thereby."""

    def work(session: Session) -> list[str]:
        now = database_now(session)
        late = session.scalars(
            select(Task.id)
            .where(Task.state.in_(LATE), Task.latest_end < now)
            .order_by(Task.latest_end, Task.position)  # what others wait for before them: it names the cause
            .limit(BATCH_SIZE)
        ).all()
        ready: list[str] = []
        for task_id in late:
            task = session.scalars(
                select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
            ).one()
            if task.state in LATE:  # not ended meanwhile through another's end
                ready += end_task(session, task, overdue(task), now)
        return ready

    return write(engine, work)


def overdue(task: Task) -> TaskEnd:
    """Returns the end of a task that did not run in time, with the reason."""
    if task.state == State.NEEDS_REVIEW:
        why = f"nobody settled in time what is in doubt: {task.reason}"
        return TaskEnd(State.FAILED, code=task.failure_code, kind=task.failure_kind, culprit=task.culprit, reason=why)
    if task.state == State.WAITING:
        why = "what it waits for has not ended in time"
        return TaskEnd(State.FAILED, code="not_in_time", kind=Kind.FATAL, culprit=Culprit.FLOW, reason=why)
    why = task.waits_for or "no phone took it"
    if task.verifying:
        return TaskEnd(State.FAILED, code="outcome_unknown", kind=Kind.UNKNOWN, culprit=Culprit.PHONE, reason=why)
    return TaskEnd(State.FAILED, code="no_phone_in_time", kind=Kind.FATAL, culprit=Culprit.PHONE, reason=why)
