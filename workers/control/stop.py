"""Stops a task, a whole campaign or a phone's work, in any state.

A running task is asked to stop, and leaves the phone at its next checkpoint; a task that has not begun is ended. The
stop request is written first: for a campaign into its row, for a task with many in its place as a request, else into
all rows of tasks. So no task with a stop request is claimed, and the coordinator completes a stop that dies half-way,
or that is too large for the process that asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass

from sqlalchemy import ColumnElement, Engine, and_, false, func, or_, select, update
from sqlalchemy.orm import Session

from models.database.storable import storable_text
from models.history.audit_log import record_change
from models.tables import Campaign, Phone, Task
from models.tasks.states import OPEN, State
from models.transactions.read_write import write
from models.values.enums import CampaignControl, TaskRequestKind
from models.values.refused import refuse
from workers.control.carry_out import MOST_ENDED, NOT_BEGUN, carry_out, carry_out_all, end_unbegun
from workers.control.task_requests import (
    MOST_AT_ONCE,
    ask_to_stop,
    forget_requests,
    leave_to_coordinator,
    parts_of,
)
from workers.control.tree import tree

BATCH_SIZE = 200  # tasks that the coordinator ends in one round
MOST_KEYS = 100  # whose tasks are ended in one round
_OPEN = Task.state.in_(list(OPEN))


@dataclass(frozen=True, slots=True)
class StopReport:
    """The numbers of tasks that had not begun and never will, that are leaving their phones, and that stay in review.

    They are counted when the stop is requested.
    """

    stopped: int
    leaving: int
    in_review: int


NONE = StopReport(0, 0, 0)


def stop_campaign(engine: Engine, campaign_id: str, *, who: str, why: str = "", at_once: bool = True) -> StopReport:
    """Stops a campaign's open tasks. Raises Refused for an unknown or ended campaign.

    `at_once=False`: ends the first 50 here, and leaves the others to the coordinator.
    """

    def ask(session: Session) -> StopReport:
        campaign = open_campaign(session, campaign_id)
        campaign.stop_reason, campaign.control = _reason(who, why), CampaignControl.STOP
        forget_requests(session, campaign_id, priorities=True)
        record_change(session, who, f"campaign:{campaign_id}", None, {"stop": why})
        return _report(session, Task.campaign_id == campaign_id)

    report = write(engine, ask)
    if at_once:
        carry_out_all(engine, campaign_id)
    else:
        for _ in range(2):  # those that run are told, then some of the others end
            carry_out(engine, campaign_id, MOST_ENDED)
    return report


def stop_task(engine: Engine, task_id: str, *, who: str, why: str = "", at_once: bool = True) -> StopReport:
    """Stops one task, with the tasks in its place. Raises Refused for an unknown or ended task.

    `at_once=False`: leaves more than 100 tasks to the coordinator; none of the campaign begins before each is told.
    """

    def ask(session: Session) -> tuple[Sequence[str], StopReport]:
        task = open_task(session, task_id)
        campaign = session.get_one(Campaign, task.campaign_id)
        ids = tree(session, task_id)
        record_change(session, who, f"task:{task_id}", None, {"stop": why})
        if at_once or len(ids) <= MOST_AT_ONCE:
            return _ask_all(session, ids, who, why)
        report = _total(_report(session, and_(part, _OPEN)) for part in parts_of(ids))
        if campaign.control != CampaignControl.STOP:
            leave_to_coordinator(session, campaign, task_id, TaskRequestKind.STOP, why=_reason(who, why))
            _tell_running(session, ids, _reason(who, why))
        return (), report

    return _finished(engine, *write(engine, ask), at_once=at_once)


def stop_tasks_on(
    engine: Engine,
    serial: str,
    find: Callable[[Session], Sequence[str]],
    *,
    who: str,
    why: str = "",
    at_once: bool = True,
) -> StopReport:
    """Stops the tasks that `find` returns, with those in their places, for a phone. Raises what `find` raises."""

    def ask(session: Session) -> tuple[Sequence[str], StopReport]:
        ids = tree(session, *find(session))
        record_change(session, who, f"phone:{serial}", None, {"stop": why})
        return _ask_all(session, ids, who, why)

    return _finished(engine, *write(engine, ask), at_once=at_once)


def stop_phone(engine: Engine, serial: str, *, who: str, why: str = "") -> StopReport:
    """Stops the tasks that run on a phone or are pinned to it or to its account. Raises Refused for an unknown phone.

    The phone continues with other work; a pause makes it stop.
    """

    def find(session: Session) -> Sequence[str]:
        phone = session.get(Phone, serial)
        if phone is None:
            raise refuse("phone", f"{serial!r} is unknown", "see: phonefleet phones")
        its_account = Task.pinned_account == phone.account_id if phone.account_id is not None else false()
        its_work = or_(and_(Task.state == State.RUNNING, Task.phone_serial == serial), Task.pinned_phone == serial)
        return session.scalars(select(Task.id).where(its_work | its_account, Task.state.in_(list(OPEN)))).all()

    return stop_tasks_on(engine, serial, find, who=who, why=why)


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


def end_stopped(engine: Engine) -> int:
    """Ends at most 200 tasks with a stop request that have not begun, as many of each key. Returns the number.

    The last ones first: so a join ends before the tasks that it joins, and does not run with the few that succeeded.
    """
    asked = (Task.stop_requested, Task.state.in_(NOT_BEGUN), ~Task.verifying)

    def work(session: Session) -> int:
        keys = session.scalars(select(Task.key_id).where(*asked).distinct().limit(MOST_KEYS)).all()
        ended = 0
        for key_id in keys:
            mine = Task.key_id.is_(None) if key_id is None else Task.key_id == key_id
            wanted = select(Task.id).where(*asked, mine).order_by(Task.position.desc())
            ended += end_unbegun(session, session.scalars(wanted.limit(max(1, BATCH_SIZE // len(keys)))).all())
        return ended

    return write(engine, work)


def _reason(who: str, why: str) -> str:
    return storable_text(f"{who} stopped it: {why}" if why else f"{who} stopped it")


def _ask_all(session: Session, ids: Sequence[str], who: str, why: str) -> tuple[Sequence[str], StopReport]:
    """Writes the request into all rows. Returns the ids of those that have not begun, the last ones first."""
    reports, unbegun = list[StopReport](), list[tuple[int, str]]()
    for part in parts_of(ids):
        ask_to_stop(session, part, _reason(who, why))
        reports.append(_report(session, and_(part, _OPEN)))
        rows = session.execute(select(Task.position, Task.id).where(part, Task.state.in_(NOT_BEGUN)))
        unbegun += [(position, task_id) for position, task_id in rows]
    return [task_id for _, task_id in sorted(unbegun, reverse=True)], _total(reports)


def _tell_running(session: Session, ids: Sequence[str], reason: str) -> None:
    """Tells those that run at once, and the first, which may plant others in its place: they are few."""
    which = or_(Task.id == ids[0], Task.state == State.RUNNING)
    for part in parts_of(ids):
        session.execute(update(Task).where(part, which).values(stop_requested=True, reason=reason))


def _total(reports: Iterable[StopReport]) -> StopReport:
    return StopReport(*(sum(numbers) for numbers in zip(*map(astuple, [NONE, *reports]), strict=True)))


def _report(session: Session, which: ColumnElement[bool]) -> StopReport:
    counted = session.execute(
        select(Task.state, Task.verifying, func.count()).where(which).group_by(Task.state, Task.verifying)
    )
    found = {(State(state), bool(verifying)): count for state, verifying, count in counted}
    stopped = sum(count for (state, verifying), count in found.items() if state in NOT_BEGUN and not verifying)
    running = sum(count for (state, _), count in found.items() if state == State.RUNNING)
    looked_for = found.get((State.READY, True), 0)  # what is in doubt is looked for first
    in_review = sum(count for (state, _), count in found.items() if state == State.NEEDS_REVIEW)
    return StopReport(stopped, running + looked_for, in_review)


def _finished(engine: Engine, ids: Sequence[str], report: StopReport, *, at_once: bool) -> StopReport:
    """Ends these tasks, which have not begun; without `at_once` only the first 50, and the coordinator the others."""
    for start in range(0, len(ids) if at_once else min(len(ids), MOST_ENDED), MOST_ENDED):
        some = ids[start : start + MOST_ENDED]
        write(engine, lambda session, some=some: end_unbegun(session, some))  # type: ignore[misc]
    return report
