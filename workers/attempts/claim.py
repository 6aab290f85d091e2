"""Claim: one compare-and-set turns a ticket into the right to run its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.responsible_use.action_journal import Doubt, doubts, pin_to_verify
from models.tables import Attempt, Phone, Task
from models.tasks.campaign_control import BARS_WORK, ENDS_WORK
from models.tasks.fence import Fence
from models.tasks.states import State
from models.tasks.transitions import back_to_ready, has_ticket, hold_tasks, pass_ticket_on, spend_ticket, take
from models.transactions.insert_rows import insert_values, plain_insert
from models.transactions.read_write import write
from models.values.enums import AttemptOutcome, RunsOn
from workers.attempts.arguments import Arguments, evaluate_arguments, refuse_too_much
from workers.attempts.assignment import assign, is_first_reading, lock_shares, shares
from workers.attempts.cap_facts import CapFacts
from workers.attempts.content_holds import hold_on
from workers.attempts.flow_version import version_absent
from workers.attempts.full_video import refuse_full_video
from workers.attempts.locked_task import LockedTask, lock_task
from workers.dispatch.celery_state import state_reason
from workers.dispatch.routing import ticket_priority
from workers.dispatch.shown_arguments import shown
from workers.dispatch.tickets import TURN_STEP
from workers.policy.caps_in_words import day_end
from workers.policy.content import content_of
from workers.policy.eligibility import Candidate
from workers.runtime.worker_identity import WorkerIdentity, phone_queue

# How long a task waits before its next ticket.
NO_PAUSE = timedelta()  # it came to the wrong place
ELSEWHERE = timedelta(seconds=1)  # this phone cannot yet: another may
NOBODY = timedelta(seconds=5)  # no phone may: one must come
# Messages that one ticket may cost before its task waits a moment: one as a rule, more when phones go meanwhile.
PASSES = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this incarnation holds: its flow and arguments, its campaign, and the end of its lease."""

    fence: Fence
    campaign_id: str
    flow: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    account_id: str | None
    serial: str | None
    seed: int
    doubts: tuple[Doubt, ...]  # to be settled before anything else is done
    stop_requested: bool  # only where something is in doubt: then it takes effect after that
    soft_limit: float  # seconds from now, no longer than the task's remaining time
    hard_limit: float
    asked_at: float  # just before the ledger read its clock: monotonic seconds from which lease and limits count
    sandbox: bool = False  # of a sandbox key
    flow_version: str = ""  # of the flow's package, under which the task was planted
    has_quotas: bool = True  # whether its campaign may have quotas of its own, as far as is known


@dataclass(frozen=True, slots=True)
class NotMine:
    """The ticket runs nothing here; `passed_to` names the phone whose queue it goes to, if any."""

    why: str
    passed_to: str | None = None
    flow: str = ""
    priority: int = 6
    shown: str = ""  # of the ticket that goes there
    number: int | None = None
    state: State | None = State.READY  # where its task stands; None: there is no such task
    reason: str = ""  # why it stands there, for people


class _SharesFirst(Exception):
    """The task is under the even share, and the shares were not locked before its row."""


@dataclass(frozen=True, slots=True)
class ClaimContext:
    """One try to claim: the task's locked row, the worker that asks, and the operator's time zone."""

    session: Session
    locked: LockedTask
    worker: WorkerIdentity
    zone: str
    step: int | None = None  # the priority of the ticket
    attempts: list[Mapping[str, Any]] = field(default_factory=list)  # that began, to be inserted

    @property
    def task(self) -> Task:
        return self.locked.task

    @property
    def now(self) -> datetime:
        return self.locked.now

    @property
    def must_not_go_on(self) -> bool:
        """True when its campaign is being stopped or paused, and the task's own row does not say so yet."""
        return self.locked.control in ENDS_WORK

    def wait(self, pause: timedelta, why: str) -> NotMine:
        """Uses up the ticket; the coordinator rings again after a pause, so that no ticket circulates without rest."""
        spend_ticket(self.task, self.now + pause, why)
        return NotMine(why)


def claim(
    engine: Engine,
    worker: WorkerIdentity,
    task_id: str,
    *,
    lease: float,
    zone: str,
    step: int | None = None,
    number: int | None = None,
    acts: bool = False,
) -> Claim | NotMine:
    """Claims the task for `lease` seconds, or returns the reason why not. A ticket delivered ten times is claimed once.

    `zone`: the operator's time zone, by whose days caps are counted. `step` and `number`: the ticket's, as its message
    says. A ticket that was taken back runs nothing and changes nothing: its task has another one, or gets it in turn.
    `acts`: whether its flow may act, as far as the caller knows. If the task acts unexpectedly, the claim starts anew.
    """

    def work(session: Session) -> Claim | NotMine:
        if acts and worker.serial is not None:  # no task at the desk acts
            lock_shares(session, task_id)
        locked = lock_task(session, worker, task_id)
        if locked is None:
            return NotMine("no such task: a ticket without a row runs nothing", state=None)
        if shares(locked.task) and worker.serial is not None and not acts:
            raise _SharesFirst
        asking = ClaimContext(session, locked, worker, zone, step)
        got = claim_row(asking, lease, number)
        if asking.attempts:
            insert_values(session, plain_insert(Attempt), asking.attempts)
        return got

    try:
        return write(engine, work)
    except _SharesFirst:
        return claim(engine, worker, task_id, lease=lease, zone=zone, step=step, number=number, acts=True)


def claim_row(asking: ClaimContext, lease: float, number: int | None) -> Claim | NotMine:
    """Claims the task of a locked row. The caller inserts `asking.attempts`. `number`: the ticket's."""
    task = asking.task
    current = has_ticket(task, number, asking.step)
    if task.state == State.RUNNING and task.incarnation == asking.worker.incarnation:
        _take_back_own_claim(asking)
    return _not_due(asking, current=current) or _held_or_taken(asking, lease)


def _take_back_own_claim(asking: ClaimContext) -> None:
    """Takes back this worker's own claim, whose confirmation was lost: it asks for a ticket, so it runs no task."""
    session, task, why = asking.session, asking.task, "the database did not confirm the claim"
    attempt = session.scalars(select(Attempt).where(Attempt.task_id == task.id, Attempt.number == task.attempt)).one()
    attempt.ended_at, attempt.outcome, attempt.reason = asking.now, AttemptOutcome.LOST, why
    open_ones = doubts(session, task.id)
    if open_ones:
        pin_to_verify(task, open_ones[0].act.account_id)
    back_to_ready(session, task, asking.now, why)


def _not_due(asking: ClaimContext, *, current: bool) -> NotMine | None:
    """Returns the refusal of a ticket whose task may not run now, or not from a queue that this worker serves."""
    task, now = asking.task, asking.now
    if task.state != State.READY:
        return NotMine(f"the task is {task.state}", state=State(task.state), reason=state_reason(task))
    if not current:
        return NotMine("this ticket was taken back: the task has another one, or gets it in its turn")
    if (task.runs_on == RunsOn.DESK) != (asking.worker.serial is None):
        return asking.wait(NO_PAUSE, f"a worker at the {task.runs_on} takes it")
    if task.stop_requested and not task.verifying:
        return NotMine("the task is asked to stop")
    if asking.locked.control in BARS_WORK and not task.verifying:
        return asking.wait(NO_PAUSE, f"what was asked of its campaign is being carried out: {asking.locked.control}")
    if task.latest_end <= now:
        return NotMine("the task is past its latest end")
    if task.not_before > now:
        return asking.wait(NO_PAUSE, "its time has not come yet")
    too_much = refuse_too_much(asking.session, task, now)
    return None if too_much is None else NotMine(too_much)


def _held_or_taken(asking: ClaimContext, lease: float) -> Claim | NotMine:
    absent = version_absent(asking.task)
    if absent is not None:
        return asking.wait(NOBODY, absent)
    arguments = evaluate_arguments(asking.session, asking.task)
    held = _held(asking, arguments.params)
    if held is not None:
        return held
    worker, account = asking.worker, None
    facts = CapFacts(asking.session, arguments.params, asking.now, asking.zone, sandbox=asking.task.sandbox)
    full = refuse_full_video(asking.session, asking.task, facts, asking.now)
    if full is not None:
        return NotMine(full, state=State.FAILED, reason=full)
    if is_first_reading(asking.task):
        account = asking.locked.account_id
    if worker.serial is not None and account is None:
        phone = _phone(asking, worker.serial)
        if phone is None:
            return asking.wait(ELSEWHERE, f"another worker serves phone {worker.serial} now, or none")
        refused = _not_for(asking, facts, phone)
        if refused is not None:
            return refused
        account = phone.account_id
    return _take(asking, account, lease, arguments)


def _phone(asking: ClaimContext, serial: str) -> Phone | Candidate | None:
    """Returns the worker's phone; as a candidate, if it may do any task of its sort. None if it is not its any more."""
    if asking.locked.account_id is not None:
        return Candidate(serial, asking.locked.account_id)
    phone = asking.session.get(Phone, serial)
    return None if phone is None or phone.incarnation != asking.worker.incarnation else phone


def _held(asking: ClaimContext, params: Mapping[str, Any]) -> NotMine | None:
    """Returns the refusal of a task under a hold: its parameters, and so its content, are known only now."""
    task = asking.task
    if task.runs_on == RunsOn.DESK or task.verifying:
        return None
    if task.author_id is None:
        for column, value in content_of(params).columns().items():
            setattr(task, column, value)
    hold = hold_on(asking.session, task) if asking.locked.may_be_held else None
    if hold is None:
        return None
    asking.session.flush()
    hold_tasks(asking.session, Task.id == task.id, f"held: {hold.reason}. {hold.remedy}", hold_id=hold.id)
    return NotMine(f"held: {hold.reason}", state=State.HELD, reason=f"held: {hold.reason}")


def _not_for(asking: ClaimContext, facts: CapFacts, phone: Phone | Candidate) -> NotMine | None:
    """Returns the refusal of a task that goes to another phone, or to none now."""
    task = asking.task
    verdict = assign(asking.locked, facts, phone)
    if verdict.take:
        return None
    if verdict.capped:  # whatever may free it earlier wakes it: models.tasks.transitions.wake_capped
        spend_ticket(task, day_end(asking.now, asking.zone), verdict.waits_for, capped=True)
        return NotMine(verdict.waits_for)
    if verdict.pass_to is None:
        return asking.wait(NOBODY, verdict.waits_for)
    if task.passed_on == PASSES:
        return asking.wait(ELSEWHERE, f"its ticket was passed on {PASSES} times; rung anew")
    pass_ticket_on(task, phone_queue(verdict.pass_to), asking.now)
    words = shown(task.pinned_account or task.meant_for, facts.params)
    step = TURN_STEP if asking.step == TURN_STEP else ticket_priority(task)
    return NotMine(f"passed on to {verdict.pass_to}", verdict.pass_to, task.flow, step, words, number=task.ticket)


def _take(asking: ClaimContext, account: str | None, lease: float, arguments: Arguments) -> Claim:
    task, worker, now = asking.task, asking.worker, asking.now
    left = (task.latest_end - now).total_seconds()
    until = now + timedelta(seconds=lease)
    take(task, now, until, incarnation=worker.incarnation, serial=worker.serial, account_id=account)
    fence = Fence(task.id, task.attempt, worker.incarnation)
    asking.attempts.append(_attempt(fence, worker.serial, account, now))
    return Claim(
        fence=fence,
        campaign_id=task.campaign_id,
        flow=task.flow,
        args=arguments.args,
        kwargs=arguments.kwargs,
        account_id=account,
        serial=worker.serial,
        seed=task.seed,
        doubts=tuple(doubts(asking.session, task.id)) if task.verifying else (),
        stop_requested=task.stop_requested or task.paused or asking.must_not_go_on,
        soft_limit=min(task.soft_limit, left),
        hard_limit=min(task.hard_limit, left + task.hard_limit - task.soft_limit),
        asked_at=asking.locked.asked_at,
        sandbox=task.sandbox,
        flow_version=task.flow_version,
        has_quotas=asking.locked.has_quotas,
    )


def _attempt(fence: Fence, serial: str | None, account: str | None, now: datetime) -> dict[str, Any]:
    return {
        "task_id": fence.task_id,
        "number": fence.attempt,
        "incarnation": fence.incarnation,
        "phone_serial": serial,
        "account_id": account,
        "started_at": now,
    }
