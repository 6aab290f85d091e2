"""Stops a task, a whole campaign or a phone's work, in any state.

A running task is asked to stop, and leaves the phone at its next checkpoint; a task that has not begun is ended at
once. The stop request is written into all rows first. So the coordinator completes a stop that dies half-way, and no
task with a stop request is claimed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, false, func, or_, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.nesting import MAX_NESTING
from models.database.storable import storable_text
from models.history.audit_log import record_change
from models.tables import Campaign, Phone, Task
from models.tasks.states import OPEN, State
from models.tasks.transitions import TaskEnd
from models.transactions.read_write import read, write
from models.values.refused import refuse
from workers.lifecycle.dependents import end_task

BATCH_SIZE = 200  # tasks ended in one transaction
ROUNDS = 100  # enough for a campaign of 20,000 tasks
NOT_BEGUN = (State.WAITING, State.READY, State.HELD)


@dataclass(frozen=True, slots=True)
class StopReport:
    """The numbers of tasks that were ended at once, that are leaving their phones, and that stay in review."""

    stopped: int
    leaving: int
    in_review: int


def stop_campaign(engine: Engine, campaign_id: str, *, who: str, why: str = "") -> StopReport:
    """Stops a campaign's open tasks. Raises Refused for an unknown or ended campaign."""

    def ask(session: Session) -> None:
        open_campaign(session, campaign_id)
        _ask(session, Task.campaign_id == campaign_id, who, why)
        record_change(session, who, f"campaign:{campaign_id}", None, {"stop": why})

    write(engine, ask)
    return _finish(engine, Task.campaign_id == campaign_id)


def stop_task(engine: Engine, task_id: str, *, who: str, why: str = "") -> StopReport:
    """Stops one task, with the tasks in its place. Raises Refused for an unknown or ended task."""

    def ask(session: Session) -> str:
        task = open_task(session, task_id)
        _ask(session, Task.id.in_(tree(session, task_id)), who, why)
        record_change(session, who, f"task:{task_id}", None, {"stop": why})
        return task.campaign_id

    return _finish(engine, Task.campaign_id == write(engine, ask))


def stop_phone(engine: Engine, serial: str, *, who: str, why: str = "") -> StopReport:
    """Stops the tasks that run on a phone or are pinned to it or to its account. Raises Refused for an unknown phone.

    The phone continues with other work; a pause makes it stop.
    """

    def ask(session: Session) -> ColumnElement[bool]:
        phone = session.get(Phone, serial)
        if phone is None:
            raise refuse("phone", f"{serial!r} is unknown", "see: phonefleet phones")
        its_account = Task.pinned_account == phone.account_id if phone.account_id is not None else false()
        its_work = or_(and_(Task.state == State.RUNNING, Task.phone_serial == serial), Task.pinned_phone == serial)
        _ask(session, its_work | its_account, who, why)
        record_change(session, who, f"phone:{serial}", None, {"stop": why})
        return its_work | its_account

    return _finish(engine, write(engine, ask))


def open_campaign(session: Session, campaign_id: str) -> Campaign:
    """Returns the row of a campaign that has not ended, locked. Raises Refused."""
    campaign = session.get(Campaign, campaign_id, with_for_update=True)
    if campaign is None or campaign.outcome is not None:
        state = "is unknown" if campaign is None else f"has ended: {campaign.outcome}"
        raise refuse("campaign", f"{campaign_id!r} {state}", "see: phonefleet status")
    return campaign


def open_task(session: Session, task_id: str) -> Task:
    """Returns a task that has not ended, and locks its campaign. Raises Refused.

    The lock keeps the campaign's tasks from planting others while the caller reads this task's tree.
    """
    task = session.get(Task, task_id)
    if task is None or task.state not in OPEN:
        state = "is unknown" if task is None else f"has ended: {task.state}"
        raise refuse("task", f"{task_id!r} {state}", "see: phonefleet status")
    session.get_one(Campaign, task.campaign_id, with_for_update=True)
    return task


def end_stopped(engine: Engine, among: ColumnElement[bool] | None = None) -> int:
    """Ends at most 200 tasks with a stop request that have not begun, all or `among` these. Returns the number ended.

    The last ones first: so a join ends before the tasks that it joins, and does not run with the few that succeeded.
    """

    def work(session: Session) -> int:
        now = database_now(session)
        asked = select(Task.id).where(Task.stop_requested, Task.state.in_(NOT_BEGUN), ~Task.verifying)
        if among is not None:
            asked = asked.where(among)
        ended = 0
        for task_id in session.scalars(asked.order_by(Task.position.desc()).limit(BATCH_SIZE)).all():
            task = session.scalars(
                select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
            ).one()
            if task.state in NOT_BEGUN:  # not ended meanwhile through another's end
                end_task(session, task, TaskEnd(State.STOPPED, code="stopped", reason=task.reason), now)
                ended += 1
        return ended

    return write(engine, work)


def _ask(session: Session, which: ColumnElement[bool], who: str, why: str) -> None:
    reason = storable_text(f"{who} stopped it: {why}" if why else f"{who} stopped it")
    in_review = Task.state == State.NEEDS_REVIEW  # keeps the reason of its doubt
    session.execute(update(Task).where(which, in_review).values(stop_requested=True))
    session.execute(
        update(Task).where(which, Task.state.in_(list(OPEN)), ~in_review).values(stop_requested=True, reason=reason)
    )


def tree(session: Session, task_id: str) -> list[str]:
    """Returns a task's id and the ids of all tasks planted in its place, directly or indirectly."""
    tree, level = [task_id], [task_id]
    for _ in range(MAX_NESTING):
        level = list(session.scalars(select(Task.id).where(Task.in_place_of.in_(level))))
        if not level:
            break
        tree += level
    return tree


def _finish(engine: Engine, which: ColumnElement[bool]) -> StopReport:
    stopped = 0
    for _ in range(ROUNDS):
        ended = end_stopped(engine, which)
        stopped += ended
        if not ended:
            break

    def count(session: Session) -> dict[str, int]:
        rows = session.execute(select(Task.state, func.count()).where(which, Task.stop_requested).group_by(Task.state))
        return dict(rows.all())

    left = read(engine, count)
    leaving = left.get(State.RUNNING, 0) + left.get(State.READY, 0)  # ready: what is in doubt is looked for first
    return StopReport(stopped, leaving, left.get(State.NEEDS_REVIEW, 0))
