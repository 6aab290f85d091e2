"""Claim: one compare-and-set turns a ticket into the right to run its task."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.sizes import MOST_RESULT
from models.responsible_use.action_journal import Doubt, doubts, pin_to_verify
from models.tables import Attempt, Campaign, Phone, Task
from models.tasks.fence import Fence
from models.tasks.states import State
from models.transactions.read_write import write
from workers.attempts.assignment import assign, lock_shares
from workers.attempts.content_holds import hold_on
from workers.canvas.rows import evaluate, from_json, refs
from workers.dispatch.celery_state import why_so
from workers.dispatch.routing import ticket_priority
from workers.dispatch.shown_arguments import shown
from workers.lifecycle.control_requests import hold_if_paused
from workers.lifecycle.dependents import TaskEnd, end_task
from workers.lifecycle.holding import hold_tasks
from workers.policy.content import content_of
from workers.runtime.worker_identity import WorkerIdentity, phone_queue

# How long a task waits before its next ticket.
NO_PAUSE = timedelta()  # it came to the wrong place
ELSEWHERE = timedelta(seconds=1)  # this phone cannot yet: another may
NOBODY = timedelta(seconds=5)  # no phone may: one must come, or a day must pass
# Messages that one ticket may cost before its task waits a moment: one as a rule, more when phones go meanwhile.
PASSES = 3
MOST_TAKEN = 16 * MOST_RESULT  # bytes of results that one task takes as its arguments


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this incarnation holds: what to run, for whom, and until when."""

    fence: Fence
    campaign_id: str
    asked_by: str
    flow: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    account_id: str | None
    serial: str | None
    seed: int
    depth: int
    doubts: tuple[Doubt, ...]  # to be settled before anything else is done
    stop_requested: bool  # only where something is in doubt: then it takes effect after that
    soft_limit: float  # seconds from now, no longer than the task's remaining time
    hard_limit: float
    asked_at: float  # just before the ledger read its clock: monotonic seconds from which lease and limits count


@dataclass(frozen=True, slots=True)
class _Lease:
    """From when and how long: the ledger's `now`, which was read right after `asked_at` of this process's own clock."""

    asked_at: float
    now: datetime
    seconds: float

    @property
    def until(self) -> datetime:
        return self.now + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class NotMine:
    """The ticket runs nothing here; `passed_to` names the phone whose queue it goes to, if any."""

    why: str
    passed_to: str | None = None
    flow: str = ""
    priority: int = 6
    shown: str = ""  # of the ticket that goes there
    state: State | None = State.READY  # where its task stands; None: there is no such task
    reason: str = ""  # why it stands there, for people


def claim(
    engine: Engine, seat: WorkerIdentity, task_id: str, *, lease: float, zone: str, step: int | None = None
) -> Claim | NotMine:
    """Take the task, or say why not. Delivered ten times, a ticket is claimed once.

    `step`: the priority of the ticket. One that is more urgent than its task runs nothing: the task was moved
    down the line since, and has another ticket there.
    """

    def work(session: Session) -> Claim | NotMine:
        task = _locked(session, task_id)
        if task is None:
            return NotMine("no such task: a ticket without a row runs nothing", state=None)
        asked_at, now = time.monotonic(), database_now(session)
        if task.state == State.RUNNING and task.incarnation == seat.incarnation:
            _take_back_own_claim(session, task, now)
        refused = _not_claimable(task, seat, now) or _too_much(session, task, now)
        if refused is not None:
            return refused
        if step is not None and step < ticket_priority(task):
            return NotMine("the task was moved down the line: another ticket stands there")
        args, kwargs = _evaluated(session, task)
        held = _held(session, task, _known_params(args, kwargs))
        if held is not None:
            return held
        phone = session.get(Phone, seat.serial) if seat.serial is not None else None
        if seat.serial is not None:
            if phone is None or phone.incarnation != seat.incarnation:
                return _wait(task, now, ELSEWHERE, f"another worker serves phone {seat.serial} now, or none")
            refused = _not_for(session, task, _known_params(args, kwargs), phone, now, zone)
            if refused is not None:
                return refused
        return _take(session, task, seat, phone, _Lease(asked_at, now, lease), args, kwargs)

    return write(engine, work)


def _take_back_own_claim(session: Session, task: Task, now: datetime) -> None:
    """This worker claimed it, and the database's answer was lost: nobody runs it, for a worker runs one at a time."""
    attempt = session.scalars(select(Attempt).where(Attempt.task_id == task.id, Attempt.number == task.attempt)).one()
    attempt.ended_at, attempt.outcome, attempt.reason = now, "lost", "the database did not confirm the claim"
    task.state, task.incarnation, task.lease_until = State.READY, None, None
    open_ones = doubts(session, task.id)
    if open_ones:
        pin_to_verify(task, open_ones[0].act.account_id)
    hold_if_paused(session, task, [])


def _locked(session: Session, task_id: str) -> Task | None:
    lock_shares(session, task_id)
    return session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one_or_none()


def _not_claimable(task: Task, seat: WorkerIdentity, now: datetime) -> NotMine | None:
    if task.state != State.READY:
        return NotMine(f"the task is {task.state}", state=State(task.state), reason=why_so(task))
    if (task.runs_on == "desk") != (seat.serial is None):
        return _wait(task, now, NO_PAUSE, f"a worker at the {task.runs_on} takes it")
    if task.stop_requested and not task.verifying:
        return NotMine("the task is asked to stop")
    if task.latest_end <= now:
        return NotMine("the task is past its latest end")
    if task.not_before > now:
        return _wait(task, now, NO_PAUSE, "its time has not come yet")
    return None


def _wait(task: Task, now: datetime, pause: timedelta, why: str) -> NotMine:
    """The ticket is used up; the coordinator rings again, after a pause: nobody spins on it."""
    task.rung_at, task.rung_queue, task.waits_for = None, None, why
    task.not_before = max(task.not_before, now + pause)
    return NotMine(why)


def _held(session: Session, task: Task, params: Mapping[str, Any]) -> NotMine | None:
    """What its parameters are about is known by now: does a hold lie on it?"""
    if task.runs_on == "desk" or task.verifying:
        return None
    if task.author_id is None:
        for column, value in content_of(params).columns().items():
            setattr(task, column, value)
    hold = hold_on(session, task)
    if hold is None:
        return None
    session.flush()
    hold_tasks(session, Task.id == task.id, f"held: {hold.reason}. {hold.remedy}", hold_id=hold.id)
    return NotMine(f"held: {hold.reason}", state=State.HELD, reason=f"held: {hold.reason}")


def _known_params(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A flow's parameters: what the steps before handed on, and what the task was given."""
    known: dict[str, Any] = {}
    for value in args:
        if isinstance(value, Mapping):
            known.update(value)
    return known | dict(kwargs)


def _not_for(
    session: Session, task: Task, params: Mapping[str, Any], phone: Phone, now: datetime, zone: str
) -> NotMine | None:
    """Does the task go to another phone, or to none?"""
    verdict = assign(session, task, params, phone, now, zone)
    if verdict.take:
        return None
    if verdict.pass_to is None:
        return _wait(task, now, NOBODY, verdict.waits_for)
    if task.passed_on == PASSES:
        return _wait(task, now, ELSEWHERE, f"its ticket was passed on {PASSES} times; rung anew")
    task.rung_at, task.rung_queue, task.passed_on = now, phone_queue(verdict.pass_to), task.passed_on + 1
    words = shown(task.pinned_account or task.meant_for, params)
    return NotMine(f"passed on to {verdict.pass_to}", verdict.pass_to, task.flow, ticket_priority(task), words)


def _too_much(session: Session, task: Task, now: datetime) -> NotMine | None:
    """Results that together would fill a worker's memory end the task that is to take them; none of them is read."""
    wanted = {ref for one in task.args for ref in refs(from_json(one))}
    if len(wanted) * MOST_RESULT <= MOST_TAKEN:
        return None
    size = session.scalar(select(func.sum(func.length(Task.result))).where(Task.id.in_(wanted))) or 0
    if size <= MOST_TAKEN:
        return None
    reason = f"the results that it takes are {size:.0f} bytes together, and {MOST_TAKEN} are the most"
    end_task(
        session, task, TaskEnd(State.FAILED, code="result_too_large", kind="fatal", culprit="flow", reason=reason), now
    )
    return NotMine(reason)


def _evaluated(session: Session, task: Task) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, with the results of the tasks that they refer to in their places."""
    args = [from_json(one) for one in task.args]
    wanted = {ref for one in args for ref in refs(one)}
    results: dict[str, Any] = {}
    if wanted:
        rows = session.execute(select(Task.id, Task.result).where(Task.id.in_(wanted), Task.state == State.SUCCEEDED))
        results = dict(rows.all())
    return tuple(evaluate(one, results) for one in args), dict(task.kwargs)


def _take(
    session: Session,
    task: Task,
    seat: WorkerIdentity,
    phone: Phone | None,
    lease: _Lease,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Claim:
    now, account = lease.now, phone.account_id if phone is not None else None
    left = (task.latest_end - now).total_seconds()
    task.state = State.RUNNING
    task.attempt += 1
    task.incarnation, task.lease_until = seat.incarnation, lease.until
    task.account_id, task.phone_serial = account, seat.serial
    task.started_at = task.started_at or now
    task.waits_for, task.step, task.tickets_failed = None, None, 0
    fence = Fence(task.id, task.attempt, seat.incarnation)
    session.add(_attempt(fence, seat.serial, account, now))
    return Claim(
        fence=fence,
        campaign_id=task.campaign_id,
        asked_by=session.get_one(Campaign, task.campaign_id).asked_by,
        flow=task.flow,
        args=args,
        kwargs=kwargs,
        account_id=account,
        serial=seat.serial,
        seed=task.seed,
        depth=task.depth,
        doubts=tuple(doubts(session, task.id)) if task.verifying else (),
        stop_requested=task.stop_requested or task.paused,
        soft_limit=min(task.soft_limit, left),
        hard_limit=min(task.hard_limit, left + task.hard_limit - task.soft_limit),
        asked_at=lease.asked_at,
    )


def _attempt(fence: Fence, serial: str | None, account: str | None, now: datetime) -> Attempt:
    return Attempt(
        task_id=fence.task_id,
        number=fence.attempt,
        incarnation=fence.incarnation,
        phone_serial=serial,
        account_id=account,
        started_at=now,
    )
