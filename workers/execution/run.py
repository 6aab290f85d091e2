"""Runs one ticket, from its claim to its record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from celery.canvas import Signature
from celery.exceptions import Reject
from celery.states import RETRY
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from flows.failures import FlowFailure, Stopped
from flows.flow import Flow
from flows.phone import PhoneError
from flows.registry import flow_named, profile_of
from flows.specs.flow_spec import Params
from models.tables import Task
from models.tasks.fence import LeaseLost, record_refused_write, recorded_already
from models.tasks.states import State
from models.transactions.read_write import read, write
from workers.app import app
from workers.attempts.arguments import merged_params
from workers.attempts.claim import Claim, NotMine, claim
from workers.attempts.outcome import Failed, HandedBack, Outcome, Replaced, Succeeded, WasStopped
from workers.attempts.record import recorded
from workers.attempts.step_times import step_times
from workers.desk import DESK, Desk
from workers.dispatch.celery_state import TicketOutcome, state_reason, ticket_outcome
from workers.dispatch.ring import owe_again, ring
from workers.dispatch.tickets import NotPublished, Ticket, publish
from workers.evidence.keep import keep
from workers.execution.identify_account import may_look
from workers.execution.phone_session import bring_home, leave_other_app, open_session
from workers.execution.reel import Reel
from workers.execution.settle_doubts import settle_doubts
from workers.execution.worker import Worker, current_worker
from workers.planting.validation_errors import problems_of
from workers.runtime.db_retry import AWAY, is_unavailable, retry_while_unavailable
from workers.runtime.log_context import logged_with
from workers.runtime.outage import OUTAGE
from workers.runtime.slots import safe_until
from workers.runtime.watch import HandBack, LeaseRanOut, SlotWatch
from workers.runtime.worker_identity import phone_queue

log = logging.getLogger("phonefleet.run")

# Where nothing could be written down: its lease ran out, and another attempt follows.
LOST = TicketOutcome(RETRY, "lease lost")
AWAY_PAUSE = 1.0  # seconds before the next ticket is looked at while the ledger is away


def run_ticket(task_id: str, step: int | None = None, number: int | None = None) -> TicketOutcome:
    """Claims the ticket's task, runs it, records the outcome and rings the dependents. Returns the ticket's outcome.

    `step`: the ticket's priority; `number`: its number, if its message says. Raises Reject while the ledger is away,
    and passes on the exception of any defect before the claim.
    """
    worker = current_worker()
    engine, config, slot = worker.engine, worker.settings, worker.identity.slot
    try:
        zone = config.timezone.key
        got = claim(engine, worker.identity, task_id, lease=config.lease, zone=zone, step=step, number=number)
    except AWAY as error:
        if not OUTAGE.saw(error):
            raise
        log.warning("%s not claimed, the ledger is away: %s", task_id, getattr(error, "orig", error))
        time.sleep(AWAY_PAUSE)  # ticket after ticket would be used up while nothing can be claimed
        raise Reject(requeue=True) from error
    OUTAGE.over(engine)
    if isinstance(got, NotMine):
        return _not_mine(engine, task_id, got)
    slot.begin(
        task_id,
        got.fence.attempt,
        lease_until=safe_until(got.asked_at, config.lease),
        hard_limit=got.asked_at + got.hard_limit,
    )
    result = LOST
    ready: Sequence[str] = ()
    with _logged(got):
        try:
            # a claim that was confirmed late leaves no time in which the phone may be touched
            attempt = _Attempt.of(worker, got)
            outcome = perform(attempt) if slot.lease_lasts() else HandedBack()
            if outcome is not None:
                steps = step_times(attempt.watch.steps)
                result, ready = write_down(engine, got, outcome, slot.lease_lasts, steps)
        finally:
            slot.rest()
    ring(engine, ready)  # at rest: a Redis that hangs must not count as the task's time
    be_ready(worker, result)
    return result


def be_ready(worker: Worker, result: TicketOutcome) -> None:
    """Connects to the phone before the next ticket: a connection that broke was closed, and a new one takes a second.

    A worker whose attempt was lost does so only if the ledger says that the phone is still its own.
    """
    if result == LOST:
        try:
            if not may_look(worker.engine, worker.identity):
                return
        except AWAY:
            return  # the next task connects
    worker.connection.connect_ahead()


@contextmanager
def _logged(got: Claim) -> Iterator[None]:
    """Names the attempt in each line that is logged inside the block."""
    with logged_with(
        task=got.fence.task_id,
        attempt=got.fence.attempt,
        flow=got.flow,
        campaign=got.campaign_id,
        phone=got.serial,
        account=got.account_id,
    ):
        log.info("the attempt begins")
        yield


def _not_mine(engine: Engine, task_id: str, got: NotMine) -> TicketOutcome:
    if got.passed_to is not None:
        try:
            publish(app, [_passed_on(task_id, got, got.passed_to)])
        except NotPublished as error:
            log.warning("%s not passed on, the coordinator rings again: %s", task_id, error)
            write(engine, lambda session: owe_again(session, [task_id]))
    log.info("%s not run here: %s", task_id, got.why)
    return ticket_outcome(got.state, got.reason if got.state is not None and got.state is not State.READY else got.why)


def _passed_on(task_id: str, got: NotMine, serial: str) -> Ticket:
    return Ticket(task_id, got.flow, phone_queue(serial), got.priority, shown=got.shown, number=got.number)


def write_down(
    engine: Engine,
    got: Claim,
    outcome: Outcome,
    may_wait: Callable[[], bool] = bool,
    steps: Sequence[Mapping[str, Any]] = (),
) -> tuple[TicketOutcome, Sequence[str]]:
    """Records an attempt's outcome. Returns the ticket's outcome and the ids to ring; records a refused late write.

    Retries while the ledger is away and `may_wait` is true.
    """
    try:
        written = retry_while_unavailable(
            f"the outcome of {got.flow}", lambda: recorded(engine, got, outcome, steps), may_wait
        )
    except LeaseLost as lost:
        if recorded_already(engine, got.fence):  # the database's answer to an earlier try was lost
            return read(engine, lambda session: _stands(session, got.fence.task_id)), ()
        _note_refused(engine, got, type(outcome).__name__)
        log.warning("%s", lost)
        return LOST, ()
    log.info("the attempt ends: %s; the task: %s%s", _word(outcome), written.state, written.why and f", {written.why}")
    return ticket_outcome(written.state, written.why), written.ready


def _word(outcome: Outcome) -> str:
    """Returns the outcome for a line of the log: its kind, and a failure's code."""
    return f"Failed, {outcome.code}" if isinstance(outcome, Failed) else type(outcome).__name__


def _stands(session: Session, task_id: str) -> TicketOutcome:
    task = session.get_one(Task, task_id)
    return ticket_outcome(State(task.state), state_reason(task))


def _note_refused(engine: Engine, got: Claim, what: str) -> None:
    """Records that a late write was refused; skips it while the ledger is away, which often made the lease run out."""
    try:
        record_refused_write(engine, got.fence, what)
    except AWAY as error:
        log.warning("%s: not kept that a late write was refused: %s", got.fence.task_id, error)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One running attempt: its worker, its claim, the watch over it, and what is filmed of it."""

    worker: Worker
    claim: Claim
    watch: SlotWatch
    reel: Reel

    @classmethod
    def of(cls, worker: Worker, got: Claim) -> _Attempt:
        watch = SlotWatch(worker.identity.slot, got.soft_limit)
        return cls(worker, got, watch, Reel(worker, got, watch))

    def lost(self, why: object) -> None:
        """Records and logs that the lease is gone, so nothing else of the attempt is written."""
        _note_refused(self.worker.engine, self.claim, "lease ran out")
        log.warning("%s %s: %s", self.claim.flow, self.claim.fence.task_id, why)

    def failed(self, code: str, reason: str, details: Mapping[str, Any] | None = None) -> Failed:
        """Returns the failure, with the step where it happened."""
        return Failed(code, reason, self.watch.failed_in, details or {})


def perform(attempt: _Attempt) -> Outcome | None:
    """Runs the flow or the desk task. Returns None when the lease was lost: nothing may be written then.

    A failure on a phone brings evidence of what was seen.
    """
    with attempt.reel:
        outcome = _settled(attempt)
        if isinstance(outcome, Succeeded):
            attempt.reel.succeeded()
        if isinstance(outcome, Failed):
            outcome = _with_evidence(attempt, outcome)
    if outcome is not None:
        leave_other_app(attempt.worker, attempt.watch)
    return outcome


def _with_evidence(attempt: _Attempt, outcome: Failed) -> Failed | None:
    worker, watch = attempt.worker, attempt.watch
    if not worker.identity.slot.lease_lasts():
        # calls to the phone are cut short where the lease ends: neither phone nor flow is to blame
        attempt.lost(f"the lease ran out: {outcome.reason}")
        return None
    calls, got = worker.connection.calls, attempt.claim
    profile = profile_of(got.flow, got.flow_version) or worker.profile
    kept = keep(worker.settings, worker.identity, got, watch, outcome, calls, profile, attempt.reel.of_failure(outcome))
    return replace(outcome, evidence=kept)


def _settled(attempt: _Attempt) -> Outcome | None:
    try:
        return _outcome(attempt)
    except (LeaseRanOut, LeaseLost) as lost:
        attempt.lost(lost)
        return None
    except HandBack:
        return HandedBack(attempt.watch.failed_in)
    except Stopped as stopped:
        bring_home(attempt.worker, attempt.watch.check_lease)
        return WasStopped(str(stopped), attempt.watch.failed_in)
    except FlowFailure as failure:
        return attempt.failed(failure.code, failure.reason, failure.details)
    except PhoneError as error:
        return attempt.failed(error.code, error.reason)
    except Exception as error:
        if is_unavailable(error):  # in the middle: no fault of the flow's
            return attempt.failed("ledger_away", f"the ledger did not answer: {getattr(error, 'orig', error)}")
        log.exception("%s %s in step %s", attempt.claim.flow, attempt.claim.fence.task_id, attempt.watch.failed_in)
        return attempt.failed("flow_error", f"{type(error).__name__}: {error}")


def _outcome(attempt: _Attempt) -> Outcome:
    got = attempt.claim
    if got.flow in DESK:
        value = DESK[got.flow](
            Desk(attempt.worker.engine, got.seed, got.sandbox, got.campaign_id), *got.args, **got.kwargs
        )
        return Replaced(value) if isinstance(value, Signature) else Succeeded(value)
    flow = flow_named(got.flow, got.flow_version)
    params = checked_params(flow, got.args, got.kwargs)
    with open_session(attempt.worker, got, attempt.watch) as session:
        attempt.reel.begin()
        settle_doubts(session, got.doubts, params, attempt.worker.connection.restart_ui_server)
        if got.stop_requested:
            raise Stopped("it was asked to leave off once its outcome was known")
        result = flow.run(session, params)
        pages = frozenset(session.pages) if session.profile.package == attempt.worker.profile.package else frozenset()
    return Succeeded(result.model_dump(mode="json"), pages)


def checked_params(flow: Flow[Any, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Params:
    """Returns the flow's parameters: those that the canvas hands on, and those of the task.

    A flow takes named parameters; a value handed on by the step before must therefore be a
    mapping, and what the task was given itself wins. Raises FlowFailure('bad_input').
    """
    for value in args:
        if not isinstance(value, Mapping):
            raise FlowFailure(
                "bad_input",
                f"{flow.name} takes named parameters; the step before handed it a {type(value).__name__}: "
                f"use {flow.name}.si(...) or put a task between that makes parameters of it",
            )
    try:
        return flow.params_model.model_validate(merged_params(args, kwargs))
    except ValidationError as error:
        told = [f"{one.field or 'parameters'}: {one.reason}" for _, one in problems_of(error, flow.params_model)]
        raise FlowFailure("bad_input", f"{flow.name}: " + "; ".join(told)) from error
