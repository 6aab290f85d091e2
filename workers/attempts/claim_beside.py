"""Claims tasks at the desk in a transaction that wrote something else before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from models.database.clock import moment_read
from models.tables import Attempt, Task
from models.transactions.insert_rows import insert_values, plain_insert
from models.transactions.update_together import update_together
from workers.attempts.claim import Claim, ClaimContext, NotMine, claim_row
from workers.attempts.locked_task import ASKED, LockedTask
from workers.dispatch.next_ticket import TakenTicket
from workers.runtime.worker_identity import WorkerIdentity

# Those of the tasks that nobody else has locked: this transaction holds locks, and must not wait for more.
_FREE = ASKED.where(Task.id.in_(bindparam("task_ids", expanding=True))).with_for_update(skip_locked=True)


def claim_beside(
    session: Session, worker: WorkerIdentity, tickets: Sequence[TakenTicket], *, lease: float, zone: str
) -> Mapping[str, Claim | NotMine]:
    """Claims the tasks of these tickets as `claim` does, with one statement of each kind for all.

    Returns what became of each task, by its id. A task whose row another transaction has is not among them.
    """
    by_id = {ticket.task_id: ticket for ticket in tickets}
    asked_at = time.monotonic()
    rows = session.execute(_FREE, {"task_ids": list(by_id)}).all()
    attempts: list[Mapping[str, Any]] = []
    found: dict[str, Claim | NotMine] = {}
    with session.no_autoflush:  # all changes go together
        for task, control, moment in rows:
            ticket = by_id[task.id]
            locked = LockedTask(task, control, asked_at, moment_read(moment))
            asking = ClaimContext(session, locked, worker, zone, ticket.step, attempts)
            found[task.id] = claim_row(asking, lease, ticket.number)
    if attempts:
        insert_values(session, plain_insert(Attempt), attempts)
    update_together(session, [task for task, *_ in rows])
    return found
