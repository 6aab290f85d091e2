"""Changes priorities: rings tasks that have not begun again, with their new priority.

The old ticket stays in its queue with the old priority. If it is less urgent than the new one, it runs nothing, because
the new ticket was taken before; if it is more urgent, the claim refuses it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, select, update
from sqlalchemy.orm import Session

from models.history.audit_log import record_change
from models.tables import Task
from models.tasks.states import OPEN, State
from models.tasks.transitions import owe_tickets
from models.transactions.read_write import write
from workers.control.stop import open_campaign, open_task, tree
from workers.dispatch.ring import ring


def reprioritise_task(engine: Engine, task_id: str, priority: int, *, who: str) -> int:
    """Gives a task, and the tasks in its place, a priority from 0 (urgent) to 9 (low).

    Returns the number of tasks that have it now. Raises Refused for an unknown or ended task.
    """

    def work(session: Session) -> tuple[int, list[str]]:
        task = open_task(session, task_id)
        record_change(session, who, f"task:{task_id}", {"priority": task.priority}, {"priority": priority})
        return _change(session, Task.id.in_(tree(session, task_id)), priority)

    return _rung(engine, write(engine, work))


def reprioritise_campaign(engine: Engine, campaign_id: str, priority: int, *, who: str) -> int:
    """Does the same for a campaign's open tasks; tasks that it plants later have their own priority. Raises Refused."""

    def work(session: Session) -> tuple[int, list[str]]:
        open_campaign(session, campaign_id)
        record_change(session, who, f"campaign:{campaign_id}", None, {"priority": priority})
        return _change(session, Task.campaign_id == campaign_id, priority)

    return _rung(engine, write(engine, work))


def _change(session: Session, which: ColumnElement[bool], priority: int) -> tuple[int, list[str]]:
    open_ones = (which, Task.state.in_(list(OPEN)))
    ids = list(session.scalars(select(Task.id).where(*open_ones)))
    session.execute(update(Task).where(*open_ones).values(priority=priority))
    moved = (*open_ones, Task.state == State.READY, Task.rung_at.is_not(None))
    rung = list(session.scalars(select(Task.id).where(*moved)))
    owe_tickets(session, *moved)
    return len(ids), rung


def _rung(engine: Engine, changed: tuple[int, list[str]]) -> int:
    count, ready = changed
    ring(engine, ready)
    return count
