"""Reprioritise: what has not begun is rung anew, at its new place in the line.

The ticket that is there already is not looked for. It stands in the line of the old priority: one that is
less urgent runs nothing once the new one was taken, and one that is more urgent is refused by the claim.
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
    """Give a task, and what stands in its place, a priority of 0 (urgent) to 9 (low); how many have it now.

    Raises Refused for an unknown or ended task.
    """

    def work(session: Session) -> tuple[int, list[str]]:
        task = open_task(session, task_id)
        record_change(session, who, f"task:{task_id}", {"priority": task.priority}, {"priority": priority})
        return _change(session, Task.id.in_(tree(session, task_id)), priority)

    return _rung(engine, write(engine, work))


def reprioritise_campaign(engine: Engine, campaign_id: str, priority: int, *, who: str) -> int:
    """The same for all of a campaign that has not ended; tasks that it plants later have their own. Raises Refused."""

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
