"""Counts the tickets that raised before their task was claimed; after three in a row the task fails.

No attempt began then, and none would: the fault is between the ticket and the claim.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from flows.failures import CODES
from models.database.clock import database_now
from models.database.storable import storable_text
from models.tables import Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, spend_ticket
from models.transactions.read_write import write
from models.values.backoff import Backoff
from workers.attempts.assignment import lock_shares
from workers.lifecycle.dependents import end_task

MOST = 3  # tickets in a row
PAUSES = Backoff(first=1.0, most=300.0)  # before the next ticket
MOST_REASON = 500


def note_raised(engine: Engine, task_id: str, name: str, code: str, why: str) -> list[str]:
    """Counts a ticket that raised, and ends its task after the third one. Returns the ids that became ready.

    `name` is the message's task name. A message whose name is not that of the ledger's task is not counted. A task
    with an action in doubt does not fail in this way: it waits until its latest end, and then a person reviews it.
    """

    def work(session: Session) -> list[str]:
        lock_shares(session, task_id)
        task = session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one_or_none()
        if task is None or task.state != State.READY or task.flow != name:
            return []
        now = database_now(session)
        task.tickets_failed += 1
        said = storable_text(f"{task.tickets_failed} tickets in a row led nowhere: {why}", MOST_REASON)
        if task.tickets_failed >= MOST and not task.verifying:
            rule = CODES[code]
            end = TaskEnd(State.FAILED, code=code, kind=rule.kind, culprit=rule.culprit, reason=said)
            return end_task(session, task, end, now)
        pause = timedelta(seconds=PAUSES.wait(task.tickets_failed))
        spend_ticket(task, now + pause, said)
        return []

    return write(engine, work)
