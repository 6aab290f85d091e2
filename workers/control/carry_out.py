"""Carries out what was asked of a whole campaign, batch by batch: a stop, a pause or a resume.

A request writes the campaign's row, and from then on no task of it begins (models/tasks/campaign_control.py). The
tasks' rows follow here. Each batch is one transaction under the lock of the campaign's row, so a newer request comes
before the batch or after it. A batch that dies is done again: it changes only rows that do not stand as asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, and_, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Campaign, Task
from models.tasks.pauses import NOBODY_SAID, in_words, newest_pause
from models.tasks.states import OPEN, State
from models.tasks.transitions import TaskEnd, hold_tasks, release_tasks
from models.transactions.read_write import write
from models.values.enums import CampaignControl
from workers.control.task_requests import STOPPED, ask_to_stop, carry_out_some, first_request
from workers.lifecycle.dependents import end_task

BATCH_SIZE = 500  # tasks held or released in one transaction
MOST_ENDED = 50  # tasks ended in one transaction: each costs some milliseconds
MOST_BATCHES = 10_000  # more than the largest campaign needs
NOT_BEGUN = (State.WAITING, State.READY, State.HELD)
BEGUN = (State.RUNNING, State.DELEGATED, State.NEEDS_REVIEW)


def carry_out(engine: Engine, campaign_id: str, most: int = BATCH_SIZE) -> int:
    """Carries out at most `most` tasks' part of what was asked. Returns their number; 0: all is done.

    A stop ends at most 50 of them.
    """

    def work(session: Session) -> int:
        campaign = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
        if campaign is None or campaign.control is None:
            return 0
        done = _batch(session, campaign, most)
        if not done:
            campaign.control = None if first_request(session, campaign.id) is None else CampaignControl.TASKS
            return int(campaign.control is not None)
        return done

    return write(engine, work)


def carry_out_all(engine: Engine, campaign_id: str) -> None:
    """Carries out all that was asked of a campaign, as long as it takes."""
    for _ in range(MOST_BATCHES):
        if not carry_out(engine, campaign_id):
            return


def _batch(session: Session, campaign: Campaign, most: int) -> int:
    mine = Task.campaign_id == campaign.id
    match campaign.control:
        case CampaignControl.STOP:
            reason = campaign.stop_reason or STOPPED
            return mark_stopped(session, mine, reason, most) or _end_some(session, mine, reason, min(most, MOST_ENDED))
        case CampaignControl.PAUSE:
            return _hold_some(session, campaign, mine, most)
        case CampaignControl.TASKS:
            return carry_out_some(session, campaign, most)
        case _:
            ids = _first(session, most, mine, and_(Task.state.in_(list(OPEN)), Task.paused))
            release_tasks(session, Task.id.in_(ids))  # the coordinator rings them
            return len(ids)


def _first(session: Session, most: int, *which: ColumnElement[bool]) -> Sequence[str]:
    return session.scalars(select(Task.id).where(*which).limit(most)).all()


def mark_stopped(session: Session, which: ColumnElement[bool], reason: str, most: int) -> int:
    """Writes the stop request into the rows of tasks that have begun, or must be verified first. Returns how many."""
    begun = and_(Task.state.in_(BEGUN), ~Task.stop_requested)
    doubtful = and_(Task.state.in_(NOT_BEGUN), Task.verifying, ~Task.stop_requested)
    ids = _first(session, most, which, begun) or _first(session, most, which, doubtful)
    ask_to_stop(session, Task.id.in_(ids), reason)
    return len(ids)


def _end_some(session: Session, which: ColumnElement[bool], reason: str, most: int) -> int:
    """Ends tasks that have not begun, the last ones first: so a join ends before the tasks that it joins."""
    wanted = select(Task.id).where(which, Task.state.in_(NOT_BEGUN), ~Task.verifying)
    ids = session.scalars(wanted.order_by(Task.position.desc()).limit(most)).all()
    return end_unbegun(session, ids, reason)


def end_unbegun(session: Session, ids: Sequence[str], reason: str | None = None) -> int:
    """Ends those of these tasks that have not begun, in this order, as stopped. Returns the number looked at.

    `reason`: None takes that in the task's row.
    """
    now = database_now(session)
    for task_id in ids:
        task = session.scalars(
            select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
        ).one()
        if task.state in NOT_BEGUN and not task.verifying:  # not ended meanwhile through another's end
            task.stop_requested = True
            end_task(session, task, TaskEnd(State.STOPPED, code="stopped", reason=reason or task.reason), now)
    return len(ids)


def _hold_some(session: Session, campaign: Campaign, mine: ColumnElement[bool], most: int) -> int:
    """Holds tasks that have not begun first; then it writes the request into the rows of all others."""
    unheld = and_(Task.state.in_((State.WAITING, State.READY)), ~Task.verifying)
    ids = _first(session, most, mine, unheld) or _first(session, most, mine, Task.state.in_(list(OPEN)), ~Task.paused)
    if not ids:
        return 0
    by = newest_pause(session, [f"campaign:{campaign.id}"])
    why = NOBODY_SAID if by is None else in_words(by.who, "paused it", by.why)
    session.execute(update(Task).where(Task.id.in_(ids), Task.state.in_(list(OPEN))).values(paused=True))
    hold_tasks(session, Task.id.in_(ids), why)
    return len(ids)
