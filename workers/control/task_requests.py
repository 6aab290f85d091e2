"""Requests about a task with very many in its place, and new priorities of large campaigns: noted, then carried out.

The request writes one row, and no task of the campaign begins before the coordinator has carried it out, in the order
in which it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.tables import Campaign, Task, TaskRequest
from models.tasks.campaign_control import ENDS_WORK
from models.tasks.pauses import NOBODY_SAID
from models.tasks.states import OPEN, State
from models.tasks.transitions import hold_tasks, owe_tickets, release_tasks
from models.values.enums import CampaignControl, TaskRequestKind
from models.values.refused import refuse
from workers.control.tree import IN_ONE_STATEMENT, tree

MOST_AT_ONCE = 100  # tasks that the process that asks changes by itself
MOST_FORGOTTEN = 1000
STOPPED = "it was stopped"
_OPEN = Task.state.in_(list(OPEN))


def leave_to_coordinator(
    session: Session,
    campaign: Campaign,
    task_id: str | None,
    kind: TaskRequestKind,
    *,
    priority: int | None = None,
    why: str | None = None,
) -> None:
    """Notes a request about a task, or about all of a campaign whose row the caller has locked.

    Raises Refused while the campaign is stopped, paused or resumed as a whole; a stop comes after that.
    """
    stops = kind == TaskRequestKind.STOP
    if campaign.control not in (None, CampaignControl.TASKS) and not stops:
        reason = f"{campaign.id!r} is still being changed: {campaign.control}"
        raise refuse("campaign", reason, "ask again in some seconds")
    if campaign.control == CampaignControl.RESUME:  # does not keep tasks from beginning: it becomes a request before
        _note(session, campaign, None, TaskRequestKind.RESUME)
    if campaign.control not in ENDS_WORK:
        campaign.control = CampaignControl.TASKS
    _note(session, campaign, task_id, kind, priority, why)


def _note(
    session: Session,
    campaign: Campaign,
    task_id: str | None,
    kind: TaskRequestKind,
    priority: int | None = None,
    why: str | None = None,
) -> None:
    told = None if why is None else storable_text(why)
    values = {"task_id": task_id, "kind": kind, "priority": priority, "why": told}
    session.add(TaskRequest(campaign_id=campaign.id, asked_at=database_now(session), **values))
    session.flush()  # their ids are their order


def check_no_stop_is_left(session: Session, campaign_id: str) -> None:
    """Raises Refused while tasks of a campaign are to be stopped that are not told yet: none of them may begin."""
    stops = (TaskRequest.campaign_id == campaign_id, TaskRequest.kind == TaskRequestKind.STOP)
    if session.scalar(select(TaskRequest.id).where(*stops).limit(1)) is not None:
        reason = f"{campaign_id!r} is still being changed: {TaskRequestKind.STOP}"
        raise refuse("campaign", reason, "ask again in some seconds")


def forget_requests(session: Session, campaign_id: str, *, priorities: bool = False) -> None:
    """Forgets pauses and resumptions of parts of a campaign, because it is paused, resumed or stopped as a whole now.

    `priorities`: and new priorities.
    """
    kinds = list(TaskRequestKind) if priorities else [TaskRequestKind.PAUSE, TaskRequestKind.RESUME]
    session.execute(delete(TaskRequest).where(TaskRequest.campaign_id == campaign_id, TaskRequest.kind.in_(kinds)))


def forget_overtaken(session: Session) -> int:
    """Forgets at most 1,000 requests about tasks of campaigns that ended before. Returns their number."""
    ended = TaskRequest.campaign_id.in_(select(Campaign.id).where(Campaign.outcome.is_not(None)))
    ids = session.scalars(select(TaskRequest.id).where(ended).limit(MOST_FORGOTTEN)).all()
    if ids:
        session.execute(delete(TaskRequest).where(TaskRequest.id.in_(ids)))
    return len(ids)


def first_request(session: Session, campaign_id: str) -> TaskRequest | None:
    """Returns the oldest request about tasks of a campaign that is not carried out yet."""
    mine = TaskRequest.campaign_id == campaign_id
    return session.scalars(select(TaskRequest).where(mine).order_by(TaskRequest.id).limit(1)).one_or_none()


def carry_out_some(session: Session, campaign: Campaign, most: int) -> int:
    """Carries out at most `most` tasks' part of the oldest request, and deletes it when none is left.

    Returns the number of tasks; 0: no request is left.
    """
    while (request := first_request(session, campaign.id)) is not None:
        done = 0
        for part in _parts(session, campaign.id, request.task_id):
            ids = _left(session, part, request, most - done)
            if ids:
                _change(session, ids, request)
            done += len(ids)
            if done >= most:
                return done
        session.delete(request)
        session.flush()
        if done:
            return done
    return 0


def ask_to_stop(session: Session, which: ColumnElement[bool], reason: str) -> None:
    """Writes the stop request into the rows of these tasks that are open."""
    in_review = Task.state == State.NEEDS_REVIEW  # keeps the reason of its doubt
    session.execute(update(Task).where(which, _OPEN, in_review).values(stop_requested=True))
    session.execute(update(Task).where(which, _OPEN, ~in_review).values(stop_requested=True, reason=reason))


def parts_of(ids: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Yields conditions that together hold for these tasks, each short enough for one statement."""
    for start in range(0, len(ids), IN_ONE_STATEMENT):
        yield Task.id.in_(ids[start : start + IN_ONE_STATEMENT])


def _parts(session: Session, campaign_id: str, task_id: str | None) -> Iterator[ColumnElement[bool]]:
    return iter([Task.campaign_id == campaign_id]) if task_id is None else parts_of(tree(session, task_id))


def _left(session: Session, part: ColumnElement[bool], request: TaskRequest, most: int) -> Sequence[str]:
    wanted = select(Task.id).where(part, _stands_otherwise(request))
    if request.kind == TaskRequestKind.STOP:  # the last ones first: so a join ends before the tasks that it joins
        wanted = wanted.order_by(Task.position.desc())
    return session.scalars(wanted.limit(most)).all()


def _stands_otherwise(request: TaskRequest) -> ColumnElement[bool]:
    match request.kind:
        case TaskRequestKind.PAUSE:
            unheld = and_(Task.state.in_((State.WAITING, State.READY)), ~Task.verifying)
            return or_(unheld, and_(_OPEN, ~Task.paused))
        case TaskRequestKind.RESUME:
            return and_(_OPEN, Task.paused)
        case TaskRequestKind.STOP:
            return and_(_OPEN, ~Task.stop_requested)
        case _:
            return and_(_OPEN, Task.priority != request.priority)


def _change(session: Session, ids: Sequence[str], request: TaskRequest) -> None:
    which: Any = Task.id.in_(ids)
    match request.kind:
        case TaskRequestKind.PAUSE:
            session.execute(update(Task).where(which, _OPEN).values(paused=True))
            hold_tasks(session, which, request.why or NOBODY_SAID)
        case TaskRequestKind.RESUME:
            release_tasks(session, which)  # the coordinator rings them
        case TaskRequestKind.STOP:
            ask_to_stop(session, which, request.why or STOPPED)  # the coordinator ends those that have not begun
        case _:
            session.execute(update(Task).where(which, _OPEN).values(priority=request.priority))
            owe_tickets(session, which, Task.rung_at.is_not(None))
