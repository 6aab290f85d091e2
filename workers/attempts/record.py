"""Records an attempt in one transaction: its result, the collected rows, its dependents and the tasks in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from celery.canvas import Signature
from sqlalchemy import Engine, bindparam, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from flows.failures import CODES, Culprit, Kind
from flows.specs.catalogue import spec_of
from models.database.clock import database_now
from models.database.error_kinds import asks_to_try_again, is_unavailable
from models.database.sizes import TooLarge
from models.responsible_use.action_journal import in_doubt
from models.tables import Attempt, Task
from models.tasks.campaign_control import heed_campaign
from models.tasks.collected import note_result
from models.tasks.fence import Fence
from models.tasks.neighbours import Neighbours, check_fence_with_neighbours
from models.tasks.states import State
from models.tasks.transitions import TaskEnd
from models.transactions.read_write import write
from models.transactions.update_with_attempt import update_with_attempt
from models.values.enums import AttemptOutcome
from models.values.refused import Refused
from workers.attempts.after_failure import apply_decision, decide_next, doubt_whether_done, end_or_requeue
from workers.attempts.arguments import evaluate_arguments
from workers.attempts.claim import Claim, NotMine
from workers.attempts.content_holds import blame_content
from workers.attempts.failure_effects import apply_failure_effects
from workers.attempts.flow_version import failed_on_trial, note_success
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
from workers.attempts.quarantine import MAY_MEAN_SOMETHING, blame_phone, did_well
from workers.dispatch.celery_state import state_reason
from workers.lifecycle.control_requests import ControlRequest, pending_request
from workers.lifecycle.dependents import close_campaign, end_alone, end_task
from workers.lifecycle.stored_bytes import count_for_campaign, json_size
from workers.planting.plant import plant_in_place
from workers.planting.quota import TooManyWaiting
from workers.policy.blame import looks_further

log = logging.getLogger("phonefleet.record")

ClaimNext = Callable[[Session], Mapping[str, Claim | NotMine]]

# Made once: making them costs as much as sending them.
_THIS = Attempt.task_id == bindparam("of_task"), Attempt.number == bindparam("at_number")
_ATTEMPT = select(Attempt).where(*_THIS)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The effect of a recorded attempt: the ids that became ready, the task's state now, and the reason for people.

    `following`: what became of the tickets that were to be claimed with it, by their tasks; of some nothing may have.
    """

    ready: list[str]
    state: State
    why: str
    following: Mapping[str, Claim | NotMine] = field(default_factory=dict)


class NotFollowed(Exception):
    """The claim of the next tickets failed: the attempt is recorded without it."""


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


def recorded(
    engine: Engine,
    claim: Claim,
    came: Outcome,
    steps: Sequence[Mapping[str, Any]] = (),
    following: ClaimNext | None = None,
) -> Recorded:
    """Writes the outcome of an attempt, and its steps. Raises LeaseLost: nothing is written then.

    An outcome that cannot be written as it is, because of what an app showed or a task returned, is
    written as a failure that says so. `following` claims the worker's next tickets in the same transaction; where that
    fails, the outcome is written alone.
    """
    outcome = storable(came)

    def work(session: Session) -> Recorded:
        task, now, around = _locked(session, claim)
        kept, of_attempt = _within_bounds(session, task, outcome, now), _Ended(claim.fence, now, list(steps) or None)
        if isinstance(kept, Succeeded):
            ready = _succeeded(session, task, of_attempt, kept, claim.serial, around)
        else:
            ready = _not_succeeded(session, task, of_attempt, kept)
        told = Recorded(ready, State(task.state), state_reason(task))
        return told if following is None else replace(told, following=claim_next(session, following))

    try:
        return write(engine, work)
    except NotFollowed:
        log.warning("%s: its worker's next tickets are claimed apart", claim.fence.task_id, exc_info=True)
        return recorded(engine, claim, came, steps)
    except TooManyWaiting as refused:
        return recorded(engine, claim, Failed("too_many_waiting", str(refused)), steps)
    except Refused as refused:  # what the task put in its place cannot be planted
        return recorded(engine, claim, Failed("bad_input", str(refused)), steps)
    except (DBAPIError, OverflowError, TooLarge) as error:
        if is_unavailable(error):
            raise
        return recorded(engine, claim, without_what_failed(outcome, error), steps)


def _locked(session: Session, claim: Claim) -> tuple[Task, datetime, Neighbours]:
    """Locks the task of an attempt that may be recorded. `more`, beside it: whether its phone waits for a success."""
    more = () if claim.serial is None else (MAY_MEAN_SOMETHING, {"serial": claim.serial})
    return check_fence_with_neighbours(session, claim.fence, claim.campaign_id, *more)


def claim_next(session: Session, following: ClaimNext) -> Mapping[str, Claim | NotMine]:
    """Claims the next tickets. Raises NotFollowed for any error but one after which the transaction is tried again."""
    session.flush()  # what of the attempt cannot be written is no fault of the next tickets
    try:
        got = following(session)
        session.flush()
    except Exception as error:
        if isinstance(error, DBAPIError) and (asks_to_try_again(error) or is_unavailable(error)):
            raise
        raise NotFollowed from error
    return got


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
    """Records a success without reading its attempt: nothing of it is needed, and a read costs what a write does.

    If nobody looks at the attempt before the task ends, one statement writes both.
    """
    well = {"ended_at": ended.at, "steps": ended.steps, "outcome": AttemptOutcome.SUCCEEDED}
    together = not around.after_it and not around.more
    if not together:
        update_with_attempt(session, task, well)
    if serial is not None and around.more:
        did_well(session, serial, came.pages, ended.at)
    note_success(session, task, serial, ended.at)
    kept = note_result(session, task.flow, task.id, came.result, ended.at, sandbox=task.sandbox)
    how = TaskEnd(State.SUCCEEDED, result=kept)
    if not together:
        return end_task(session, task, how, ended.at, around)
    end_alone(session, task, how, ended.at)
    update_with_attempt(session, task, well)
    if not around.open_ones:
        close_campaign(session, task.campaign_id, ended.at, of_a_key=task.key_id is not None)
    return []


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
        unknown = Failed("outcome_unknown", f"left after a point of no return: {reason}", step)
        return doubt_whether_done(session, task, unknown)
    return end_or_requeue(session, task, request.why)


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
    ready = apply_decision(session, task, failed, decide_next(session, task, failed.code))
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


def lose(session: Session, task: Task, why: str) -> list[str]:
    """Records the running attempt as lost with its worker: another attempt follows, or a person looks."""
    attempt = session.scalars(select(Attempt).where(Attempt.task_id == task.id, Attempt.number == task.attempt)).one()
    now = database_now(session)
    attempt.ended_at, attempt.outcome, attempt.reason = now, AttemptOutcome.LOST, why
    attempt.failure_code, attempt.failure_kind, attempt.culprit = "phone_lost", Kind.OTHER_PHONE, Culprit.PHONE
    session.flush()
    doubtful = in_doubt(session, task.id)
    if not doubtful and pending_request(session, task) is not None:
        return end_or_requeue(session, task, why)
    again = None if doubtful else failed_on_trial(session, task, attempt, "phone_lost", now)
    if again is not None:
        return again
    failed = Failed("outcome_unknown" if doubtful else "phone_lost", why)
    return apply_decision(session, task, failed, decide_next(session, task, failed.code))
