"""Pauses and resumes a task or a campaign, until it is resumed or until a time.

A pause holds tasks that have not begun at once. It asks a running task to leave its phone before the next touch, and
holds it then. An action in doubt is verified first. workers/control/phone_pause.py pauses phones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, false, func, or_, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.history.audit_log import record_change
from models.tables import Campaign, Task
from models.tasks.pause_ends import end_at, no_end
from models.tasks.pauses import PAUSED, RESUMED, UNTIL, in_words, newest_pause
from models.tasks.states import OPEN, State
from models.tasks.transitions import NOT_BEGUN, hold_tasks, release_tasks
from models.transactions.read_write import write
from models.values.enums import CampaignControl, TaskRequestKind
from models.values.refused import Refused, refuse
from workers.control.carry_out import carry_out, carry_out_all
from workers.control.stop import open_campaign, open_task
from workers.control.task_requests import (
    MOST_AT_ONCE,
    check_no_stop_is_left,
    forget_requests,
    leave_to_coordinator,
    parts_of,
)
from workers.control.tree import tree
from workers.settings import settings

LONGEST = timedelta(days=60)  # a pause with an end
# of a task that a resumption makes ready
_HELD = (
    Task.state == State.HELD,
    Task.held_from == State.READY,
    Task.paused,
    Task.hold_id.is_(None),
    ~Task.awaits_approval,
)


@dataclass(frozen=True, slots=True)
class PauseReport:
    """The numbers of tasks that were held, that are leaving their phones, that are verified on the app first, and that
    stay in a person's review."""

    held: int
    leaving: int
    looked_for: int = 0
    in_review: int = 0


def pause_campaign(
    engine: Engine,
    campaign_id: str,
    *,
    who: str,
    why: str = "",
    until: datetime | None = None,
    anew: bool = True,
    at_once: bool = True,
) -> PauseReport:
    """Pauses a campaign that has not ended, and the tasks that it plants meanwhile. Raises Refused.

    No task of it begins afterwards; the report counts the tasks as they stand then. `until`: it is resumed then by
    itself. `anew=False`: refuses a campaign that is paused already, and keeps its reason. `at_once=False`: holds the
    first 100 tasks here, and leaves the others to the coordinator.
    """

    def ask(session: Session) -> PauseReport:
        campaign = _not_stopping(open_campaign(session, campaign_id))
        if campaign.paused and not anew:
            raise paused_already(session, "campaign", campaign_id)
        note_pause(session, f"campaign:{campaign_id}", campaign.paused, who, why, until)
        campaign.paused, campaign.control = True, CampaignControl.PAUSE
        forget_requests(session, campaign_id)
        return _report(session, Task.campaign_id == campaign_id)

    report = write(engine, ask)
    _carried_out(engine, campaign_id, at_once=at_once)
    return report


def pause_task(
    engine: Engine,
    task_id: str,
    *,
    who: str,
    why: str = "",
    until: datetime | None = None,
    anew: bool = True,
    at_once: bool = True,
) -> PauseReport:
    """Pauses one task, with the tasks that it plants in its place, also later. Raises Refused; the others as above.

    `at_once=False`: leaves more than 100 tasks to the coordinator; none of the campaign begins before it is done.
    """

    def ask(session: Session) -> PauseReport:
        task = open_task(session, task_id)
        campaign = _settled(session.get_one(Campaign, task.campaign_id))
        if task.paused and not anew:
            raise paused_already(session, "task", task_id, f"campaign:{task.campaign_id}")
        told = note_pause(session, f"task:{task_id}", task.paused, who, why, until)
        ids, words = tree(session, task_id), in_words(who, "paused it", why, told)
        if at_once or len(ids) <= MOST_AT_ONCE:
            return _pause(session, Task.id.in_(ids), words)
        leave_to_coordinator(session, campaign, task_id, TaskRequestKind.PAUSE, why=words)
        report = _total(session, ids)
        _tell_running(session, ids, paused=True)
        return report

    return write(engine, ask)


def resume_campaign(
    engine: Engine, campaign_id: str, *, who: str, ring_now: bool = True, at_once: bool = True, due: bool = False
) -> int:
    """Resumes a paused campaign with all its paused tasks. Returns the number of those that may run. Raises Refused.

    `due`: only if its pause was to end by now. `at_once=False`: releases the first 100 tasks here, and leaves the
    others to the coordinator.
    """
    mine = Task.campaign_id == campaign_id

    def work(session: Session) -> int:
        campaign = _not_stopping(open_campaign(session, campaign_id))
        check_no_stop_is_left(session, campaign_id)
        if not campaign.paused:
            raise refuse("campaign", f"{campaign_id!r} is not paused", "see: phonefleet status")
        note_resumption(session, f"campaign:{campaign_id}", who, due=due)
        begun = (mine, Task.state == State.READY) if campaign.control == CampaignControl.PAUSE else (false(),)
        campaign.paused, campaign.control = False, CampaignControl.RESUME
        forget_requests(session, campaign_id)
        session.flush()
        session.execute(update(Task).where(mine, Task.state == State.RUNNING).values(paused=False))
        return session.scalar(select(func.count()).where(or_(and_(mine, *_HELD), and_(*begun)))) or 0

    ready = write(engine, work)
    _carried_out(engine, campaign_id, at_once=at_once)
    if ring_now:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring_ready  # noqa: PLC0415 - Celery, which a command does without

        ring_ready(engine)
    return ready


def resume_task(
    engine: Engine, task_id: str, *, who: str, ring_now: bool = True, at_once: bool = True, due: bool = False
) -> int:
    """Resumes a paused task, with the tasks in its place. Returns the number of tasks ready now. Raises Refused.

    `due`: only if its pause was to end by now. `at_once=False`: leaves more than 100 tasks to the coordinator. A task
    of a paused campaign is resumed with the campaign.
    """

    def work(session: Session) -> tuple[int, Sequence[str]]:
        task = open_task(session, task_id)
        campaign = _settled(session.get_one(Campaign, task.campaign_id))
        if campaign.paused:
            remedy = f"phonefleet resume {task.campaign_id}"
            raise refuse("task", f"{task_id!r} belongs to a campaign that is paused", remedy)
        ids = tree(session, task_id)
        paused = and_(Task.paused, Task.state.in_(list(OPEN)))
        if not _count(session, ids, paused):
            raise refuse("task", f"{task_id!r} is not paused", "see: phonefleet status")
        note_resumption(session, f"task:{task_id}", who, due=due)
        if at_once or len(ids) <= MOST_AT_ONCE:
            ready = release_tasks(session, Task.id.in_(ids))
            return len(ready), ready
        begun = Task.state == State.READY if campaign.control is not None else false()  # a pause has not reached it
        count = _count(session, ids, or_(begun, and_(*_HELD)))
        leave_to_coordinator(session, campaign, task_id, TaskRequestKind.RESUME)
        _tell_running(session, ids, paused=False)
        return count, ()

    count, ready = write(engine, work)
    if ring_now and ready:  # else the coordinator does, within half a second
        from workers.dispatch.ring import ring  # noqa: PLC0415 - Celery, which a command does without

        ring(engine, ready)
    return count


def _not_stopping(campaign: Campaign) -> Campaign:
    if campaign.stop_reason is not None:
        raise refuse("campaign", f"{campaign.id!r} is being stopped", "see: phonefleet status")
    return campaign


def _settled(campaign: Campaign) -> Campaign:
    """Returns a campaign whose tasks may be paused or resumed one by one now. Raises Refused."""
    if campaign.control == CampaignControl.RESUME:
        raise refuse("campaign", f"{campaign.id!r} is still being resumed", "ask again in some seconds")
    return _not_stopping(campaign)


def _carried_out(engine: Engine, campaign_id: str, *, at_once: bool) -> None:
    if at_once:
        carry_out_all(engine, campaign_id)
        return
    for _ in range(2):  # those that have not begun, then the others
        carry_out(engine, campaign_id, MOST_AT_ONCE)


def note_pause(session: Session, subject: str, before: bool, who: str, why: str, until: datetime | None) -> str:
    """Records who pauses a subject, and when that ends. Returns the end as people read it. Raises Refused."""
    check_end(session, until)
    told = end_in_words(until)
    record_change(session, who, subject, {"paused": before}, {PAUSED: why} | ({UNTIL: told} if told else {}))
    end_at(session, subject, until)
    return told


def check_end(session: Session, until: datetime | None) -> None:
    """Raises Refused for the end of a pause that is past, or too far away."""
    if until is not None and not timedelta() < until - database_now(session) <= LONGEST:
        raise refuse("until", f"{until.isoformat()} is past, or too far away", f"within {LONGEST.days} days from now")


def end_in_words(until: datetime | None) -> str:
    """Returns the end of a pause as people read it; empty for a pause until it is resumed."""
    return "" if until is None else f"{until.astimezone(settings().timezone):%Y-%m-%d %H:%M}"


def note_resumption(session: Session, subject: str, who: str, *, due: bool) -> None:
    """Records who resumes a subject. `due`: raises Refused unless its pause ends now."""
    no_end(session, subject, due=due)
    record_change(session, who, subject, {"paused": True}, {RESUMED: True})


def paused_already(session: Session, kind: str, one: str, *above: str) -> Refused:
    """Returns the refusal of a second pause, which says who paused it."""
    by = newest_pause(session, [f"{kind}:{one}", *above])
    told = (
        "is paused already" if by is None else in_words(f"is paused already: {by.who}", "paused it", by.why, by.until)
    )
    return refuse(kind, f"{one!r} {told}", f"to go on: phonefleet resume {one}")


def _pause(session: Session, which: ColumnElement[bool], told: str) -> PauseReport:
    """Writes the request into every row first, in one statement, so that no task changes its state in between."""
    session.flush()
    session.execute(update(Task).where(which, Task.state.in_(list(OPEN))).values(paused=True))
    report = _report(session, which)
    hold_tasks(session, which, storable_text(told))
    return report


def _report(session: Session, which: ColumnElement[bool]) -> PauseReport:
    """Counts the tasks as they stand when the pause is asked for."""
    kinds = (Task.state, Task.verifying)
    counted = session.execute(select(*kinds, func.count()).where(which).group_by(*kinds)).all()
    held = sum(count for state, verifying, count in counted if state in NOT_BEGUN and not verifying)
    looked_for = sum(count for state, verifying, count in counted if state in NOT_BEGUN and verifying)
    left: dict[str, int] = {}
    for state, _, count in counted:
        left[state] = left.get(state, 0) + count
    return PauseReport(held, left.get(State.RUNNING, 0), looked_for, left.get(State.NEEDS_REVIEW, 0))


def _total(session: Session, ids: Sequence[str]) -> PauseReport:
    found = [_report(session, part) for part in parts_of(ids)]
    return PauseReport(*(sum(numbers) for numbers in zip(*map(astuple, found), strict=True)))


def _count(session: Session, ids: Sequence[str], which: ColumnElement[bool]) -> int:
    counts = (session.scalar(select(func.count()).select_from(Task).where(part, which)) for part in parts_of(ids))
    return sum(count or 0 for count in counts)


def _tell_running(session: Session, ids: Sequence[str], *, paused: bool) -> None:
    """Tells those that run at once, and the first, which may plant others in its place: they are few."""
    which = or_(Task.id == ids[0], Task.state == State.RUNNING)
    for part in parts_of(ids):
        session.execute(update(Task).where(part, which).values(paused=paused))
