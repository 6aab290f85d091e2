"""Changes priorities: rings tasks that have not begun again, with their new priority.

The old ticket stays in its queue with the old priority. It runs nothing: the claim refuses a ticket that was taken
back.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, func, select, update
from sqlalchemy.orm import Session

from models.history.audit_log import record_change
from models.tables import Campaign, Task
from models.tasks.states import OPEN, State
from models.tasks.transitions import owe_tickets
from models.transactions.read_write import write
from models.values.enums import TaskRequestKind
from workers.control.stop import open_campaign, open_task
from workers.control.task_requests import MOST_AT_ONCE, leave_to_coordinator, parts_of
from workers.control.tree import tree
from workers.dispatch.ring import ring


def reprioritise_task(
    engine: Engine, task_id: str, priority: int, *, who: str, ring_now: bool = True, at_once: bool = True
) -> int:
    """Gives a task, and the tasks in its place, a priority from 0 (urgent) to 9 (low).

    Returns the number of tasks that have it now, or will: without `at_once` the coordinator changes more than 100.
    Raises Refused for an unknown or ended task.
    """

    def work(session: Session) -> tuple[int, list[str]]:
        task = open_task(session, task_id)
        record_change(session, who, f"task:{task_id}", {"priority": task.priority}, {"priority": priority})
        ids = tree(session, task_id)
        if at_once or len(ids) <= MOST_AT_ONCE:
            return _change(session, Task.id.in_(ids), priority)
        campaign = session.get_one(Campaign, task.campaign_id)
        leave_to_coordinator(session, campaign, task_id, TaskRequestKind.PRIORITY, priority=priority)
        return sum(_count(session, part) for part in parts_of(ids)), []

    return _rung(engine, write(engine, work), ring_now=ring_now)


def reprioritise_campaign(
    engine: Engine, campaign_id: str, priority: int, *, who: str, ring_now: bool = True, at_once: bool = True
) -> int:
    """Does the same for a campaign's open tasks; tasks that it plants later have their own priority. Raises Refused."""

    def work(session: Session) -> tuple[int, list[str]]:
        campaign, mine = open_campaign(session, campaign_id), Task.campaign_id == campaign_id
        record_change(session, who, f"campaign:{campaign_id}", None, {"priority": priority})
        count = 0 if at_once else _count(session, mine)
        if count <= MOST_AT_ONCE:
            return _change(session, mine, priority)
        leave_to_coordinator(session, campaign, None, TaskRequestKind.PRIORITY, priority=priority)
        return count, []

    return _rung(engine, write(engine, work), ring_now=ring_now)


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Task).where(which, Task.state.in_(list(OPEN)))) or 0


def _change(session: Session, which: ColumnElement[bool], priority: int) -> tuple[int, list[str]]:
    open_ones = (which, Task.state.in_(list(OPEN)))
    ids = list(session.scalars(select(Task.id).where(*open_ones)))
    session.execute(update(Task).where(*open_ones).values(priority=priority))
    moved = (*open_ones, Task.state == State.READY, Task.rung_at.is_not(None))
    rung = list(session.scalars(select(Task.id).where(*moved)))
    owe_tickets(session, *moved)
    return len(ids), rung


def _rung(engine: Engine, changed: tuple[int, list[str]], *, ring_now: bool) -> int:
    count, ready = changed
    if ring_now:  # else the coordinator does, within half a second
        ring(engine, ready)
    return count
