"""Records an attempt in one transaction: its result, the collected rows, its dependents and the tasks in its place."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from celery.canvas import Signature
from sqlalchemy import Engine, Table, bindparam, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from flows.failures import CODES, Culprit, Kind
from flows.specs.catalogue import spec_of
from models.database.clock import database_now
from models.database.error_kinds import is_unavailable
from models.database.sizes import TooLarge
from models.notify.alerts import raise_alert
from models.notify.deliveries import owe_task
from models.responsible_use.action_journal import doubts, in_doubt, pin_to_verify
from models.tables import ActionRow, Attempt, Task
from models.tasks.campaign_control import heed_campaign
from models.tasks.collected import note_result
from models.tasks.fence import Fence
from models.tasks.neighbours import Neighbours, check_fence_with_neighbours
from models.tasks.states import State
from models.tasks.transitions import TaskEnd, back_to_ready, send_to_review
from models.transactions.read_write import write
from models.values.enums import ActionOutcome, AttemptOutcome
from models.values.refused import Refused
from workers.attempts.arguments import evaluate_arguments
from workers.attempts.claim import Claim
from workers.attempts.content_holds import blame_content
from workers.attempts.failure_effects import apply_failure_effects
from workers.attempts.flow_version import failed_on_trial, note_success
from workers.attempts.history import prior_attempts
from workers.attempts.outcome import (
    Failed,
    HandedBack,
    NotSucceeded,
    Outcome,
    Replaced,
    Succeeded,
    WasStopped,
    storable,
    without_what_failed,
)
from workers.attempts.quarantine import blame_phone, did_well
from workers.dispatch.celery_state import state_reason
from workers.lifecycle.control_requests import ControlRequest, pending_request
from workers.lifecycle.dependents import end_task
from workers.lifecycle.stored_bytes import count_for_campaign, json_size
from workers.planting.plant import plant_in_place
from workers.planting.quota import TooManyWaiting
from workers.policy.blame import looks_further
from workers.policy.retry import RetryDecision, RetryMove, decide_retry

# Made once: making them costs as much as sending them.
_THIS = Attempt.task_id == bindparam("of_task"), Attempt.number == bindparam("at_number")
_ATTEMPT = select(Attempt).where(*_THIS)
_WELL = (
    update(cast("Table", Attempt.__table__))
    .where(*_THIS)
    .values(ended_at=bindparam("moment"), steps=bindparam("taken"), outcome=AttemptOutcome.SUCCEEDED)
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The effect of a recorded attempt: the ids that became ready, the task's state now, and the reason for people."""

    ready: list[str]
    state: State
    why: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """The end of an attempt: which one, by the ledger's time when, and its steps."""

    fence: Fence
    at: datetime
    steps: list[Mapping[str, Any]] | None

    @property
    def this(self) -> dict[str, Any]:
        return {"of_task": self.fence.task_id, "at_number": self.fence.attempt}


def record(engine: Engine, claim: Claim, came: Outcome) -> list[str]:
    """Records as `recorded` does; returns only the ids that became ready."""
    return recorded(engine, claim, came).ready


def recorded(engine: Engine, claim: Claim, came: Outcome, steps: Sequence[Mapping[str, Any]] = ()) -> Recorded:
    """Writes the outcome of an attempt, and its steps. Raises LeaseLost: nothing is written then.

    An outcome that cannot be written as it is, because of what an app showed or a task returned, is
    written as a failure that says so.
    """
    outcome = storable(came)

    def work(session: Session) -> Recorded:
        task, now, around = check_fence_with_neighbours(session, claim.fence, claim.campaign_id)
        kept, of_attempt = _within_bounds(session, task, outcome, now), _Ended(claim.fence, now, list(steps) or None)
        if isinstance(kept, Succeeded):
            ready = _succeeded(session, task, of_attempt, kept, claim.serial, around)
        else:
            ready = _not_succeeded(session, task, of_attempt, kept)
        return Recorded(ready, State(task.state), state_reason(task))

    try:
        return write(engine, work)
    except TooManyWaiting as refused:
        return recorded(engine, claim, Failed("too_many_waiting", str(refused)), steps)
    except Refused as refused:  # what the task put in its place cannot be planted
        return recorded(engine, claim, Failed("bad_input", str(refused)), steps)
    except (DBAPIError, OverflowError, TooLarge) as error:
        if is_unavailable(error):
            raise
        return recorded(engine, claim, without_what_failed(outcome, error), steps)


def _within_bounds(session: Session, task: Task, outcome: Outcome, now: datetime) -> Outcome:
    """Counts the bytes of a result. Returns a failure in its place when its campaign or key has too many."""
    if not isinstance(outcome, Succeeded):
        return outcome
    over = count_for_campaign(session, task.campaign_id, task.key_id, json_size(outcome.result), now)
    if over is None:
        return outcome
    return Failed("result_too_large", f"its result cannot be kept: {over.reason}; {over.remedy}")


def _not_succeeded(session: Session, task: Task, ended: _Ended, outcome: NotSucceeded) -> list[str]:
    attempt = session.scalars(_ATTEMPT, ended.this).one()
    attempt.ended_at, attempt.steps = ended.at, ended.steps
    match outcome:
        case Replaced(signature):
            return _replaced(session, task, attempt, signature)
        case Failed():
            return _failed(session, task, attempt, outcome)
        case WasStopped(reason, step):
            return _left(session, task, attempt, reason, step)
        case HandedBack(step):
            return _left(session, task, attempt, "its worker ended", step)


def _succeeded(
    session: Session, task: Task, ended: _Ended, came: Succeeded, serial: str | None, around: Neighbours
) -> list[str]:
    """Records a success without reading its attempt: nothing of it is needed, and a read costs what a write does."""
    session.connection().execute(_WELL, {**ended.this, "moment": ended.at, "taken": ended.steps})
    if serial is not None:
        did_well(session, serial, came.pages, ended.at)
    note_success(session, task, serial, ended.at)
    kept = note_result(session, task.flow, task.id, came.result, ended.at, sandbox=task.sandbox)
    return end_task(session, task, TaskEnd(State.SUCCEEDED, result=kept), ended.at, around)


def _replaced(session: Session, task: Task, attempt: Attempt, signature: Signature) -> list[str]:
    heed_campaign(session, task)
    if task.stop_requested:
        return _left(session, task, attempt, "it was asked to stop before it put tasks in its place", None)
    attempt.outcome = AttemptOutcome.DELEGATED
    return plant_in_place(session, task, signature)


def _left(session: Session, task: Task, attempt: Attempt, reason: str, step: str | None) -> list[str]:
    """Records an attempt that left without failing: the control request in force decides outcome and next state."""
    request = pending_request(session, task) or ControlRequest(AttemptOutcome.HANDED_BACK, reason)
    attempt.outcome, attempt.reason, attempt.step = request.outcome, request.why, step
    session.flush()
    if in_doubt(session, task.id):
        return _doubt(session, task, Failed("outcome_unknown", f"left after a point of no return: {reason}", step))
    return _end_or_requeue(session, task, request.why)


def _end_or_requeue(session: Session, task: Task, why: str) -> list[str]:
    """Frees a task that did not fail: ends it if a stop was requested, else makes it ready."""
    now = database_now(session)
    if task.stop_requested:
        return end_task(session, task, _stop(task, why), now)
    return back_to_ready(session, task, now, why)


def _stop(task: Task, reason: str) -> TaskEnd:
    """Returns the end of a stopped task; the stop request wrote its author and reason into the task's row."""
    asked = task.reason if task.stop_requested else None
    return TaskEnd(State.STOPPED, code="stopped", reason=asked or reason)


def _failed(session: Session, task: Task, attempt: Attempt, outcome: Failed) -> list[str]:
    cut_short = outcome.code == "time_limit" and _cut_short(session, task, attempt)
    failed = replace(outcome, code="too_little_time") if cut_short else outcome
    rule = CODES[failed.code]
    attempt.outcome, attempt.failure_code, attempt.failure_kind = AttemptOutcome.FAILED, failed.code, rule.kind
    attempt.culprit, attempt.step, attempt.reason = rule.culprit, failed.step, failed.reason
    attempt.details, attempt.evidence = dict(failed.details) or None, failed.evidence
    now = attempt.ended_at or database_now(session)
    apply_failure_effects(session, attempt, now)
    session.flush()
    happened = failed.code
    if in_doubt(session, task.id) and failed.code != "unverifiable":
        failed = replace(failed, code="outcome_unknown")
    else:
        again = failed_on_trial(session, task, attempt, happened, now)
        if again is not None:
            return again
    ready = apply_decision(session, task, failed, _next(session, task, failed.code))
    if attempt.phone_serial is not None:
        blame_phone(session, attempt.phone_serial, happened, now)
        blame_content(session, task, happened, now)
    return ready


def _cut_short(session: Session, task: Task, attempt: Attempt) -> bool:
    """True when the task ran out of time that was too short for what it asked: such a failure blames no phone.

    That is less than its flow's limit, or any limit when it asked for more than its flow's limit is meant for.
    """
    spec = spec_of(task.flow, task.flow_version)
    if spec is None:
        return False
    given = min(task.soft_limit, (task.latest_end - attempt.started_at).total_seconds())
    return given < spec.limits.soft or looks_further(task.flow, evaluate_arguments(session, task).params)


def _next(session: Session, task: Task, code: str) -> RetryDecision:
    pinned = task.pinned_account is not None or task.pinned_phone is not None
    # attempts that failed before the action was declared did not look for it
    since = _doubtful_since(session, task.id) if CODES[code].kind is Kind.UNKNOWN else 1
    return decide_retry(code, prior_attempts(session, task.id, since), pinned=pinned, chance=random.random())


def _doubtful_since(session: Session, task_id: str) -> int:
    """Returns the number of the attempt that declared the oldest action with an open outcome."""
    declared = (ActionRow.task_id == task_id, ActionRow.outcome == ActionOutcome.DECLARED)
    return session.scalar(select(func.min(ActionRow.attempt)).where(*declared)) or 1


def apply_decision(session: Session, task: Task, failed: Failed, move: RetryDecision) -> list[str]:
    """Carries out the retry decision after a failure."""
    now = database_now(session)
    if move.kind == RetryMove.REVIEW:
        return _review(session, task, failed, now)
    if move.kind == RetryMove.VERIFY:
        return _verify(session, task, failed, move.after, now)
    if move.kind == RetryMove.FAIL or now + timedelta(seconds=move.after) >= task.latest_end:
        rule = CODES[failed.code]
        end = TaskEnd(State.FAILED, code=failed.code, kind=rule.kind, culprit=rule.culprit, reason=failed.reason)
        return end_task(session, task, end, now)
    if task.stop_requested:
        return end_task(session, task, _stop(task, failed.reason), now)
    if move.kind == RetryMove.STAY:
        # the platform asked for a person: giving the task to another account would evade that
        task.pinned_account, task.pinned_phone, task.meant_for = task.account_id, None, None
    return back_to_ready(session, task, now, f"again after {failed.code}: {failed.reason}", after=move.after)


def _doubt(session: Session, task: Task, failed: Failed) -> list[str]:
    """Handles an attempt that ended without failing but left an action in doubt."""
    return apply_decision(session, task, failed, _next(session, task, failed.code))


def _verify(session: Session, task: Task, failed: Failed, after: float, now: datetime) -> list[str]:
    """Pins the task to the account that acted: its next attempt looks for the action in doubt first."""
    found = doubts(session, task.id)
    if not found:
        return back_to_ready(session, task, now, failed.reason, after=after)
    pin_to_verify(task, found[0].act.account_id)
    return back_to_ready(session, task, now, f"to be looked for on the app: {failed.reason}", after=after)


def _review(session: Session, task: Task, failed: Failed, now: datetime) -> list[str]:
    rule = CODES[failed.code]
    send_to_review(task, failed.code, rule.kind, rule.culprit, failed.reason)
    text = f"{task.flow} {task.id} as account {task.account_id} on phone {task.phone_serial}: {failed.reason}"
    raise_alert(session, "needs_review", f"task:{task.id}", text, rule.remedy, now)
    owe_task(session, task, now)
    return []


def lose(session: Session, task: Task, why: str) -> list[str]:
    """Records the running attempt as lost with its worker: another attempt follows, or a person looks."""
    attempt = session.scalars(select(Attempt).where(Attempt.task_id == task.id, Attempt.number == task.attempt)).one()
    now = database_now(session)
    attempt.ended_at, attempt.outcome, attempt.reason = now, AttemptOutcome.LOST, why
    attempt.failure_code, attempt.failure_kind, attempt.culprit = "phone_lost", Kind.OTHER_PHONE, Culprit.PHONE
    session.flush()
    doubtful = in_doubt(session, task.id)
    if not doubtful and pending_request(session, task) is not None:
        return _end_or_requeue(session, task, why)
    again = None if doubtful else failed_on_trial(session, task, attempt, "phone_lost", now)
    if again is not None:
        return again
    failed = Failed("outcome_unknown" if doubtful else "phone_lost", why)
    return apply_decision(session, task, failed, _next(session, task, failed.code))
