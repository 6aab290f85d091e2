"""Runs a claimed task: its flow on the phone, or its function at the desk. Returns its outcome; writes none."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from celery.canvas import Signature
from pydantic import ValidationError
from sqlalchemy import Engine

from flows.failures import FlowFailure, Stopped
from flows.flow import Flow
from flows.phone import PhoneError
from flows.registry import flow_named, profile_of
from flows.specs.flow_spec import Params
from models.tasks.fence import LeaseLost, record_refused_write
from workers.attempts.arguments import merged_params
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed, HandedBack, Outcome, Replaced, Succeeded, WasStopped
from workers.desk import DESK, Desk
from workers.evidence.keep import keep
from workers.execution.phone_session import bring_home, leave_other_app, open_session
from workers.execution.reel import Reel
from workers.execution.settle_doubts import settle_doubts
from workers.execution.worker import Worker
from workers.planting.validation_errors import problems_of
from workers.runtime.db_retry import AWAY, is_unavailable
from workers.runtime.watch import HandBack, LeaseRanOut, SlotWatch

log = logging.getLogger("phonefleet.run")


@dataclass(frozen=True, slots=True)
class RunningAttempt:
    """One running attempt: its worker, its claim, the watch over it, and what is filmed of it."""

    worker: Worker
    claim: Claim
    watch: SlotWatch
    reel: Reel

    @classmethod
    def of(cls, worker: Worker, got: Claim) -> RunningAttempt:
        watch = SlotWatch(worker.identity.slot, got.soft_limit)
        return cls(worker, got, watch, Reel(worker, got, watch))

    def lost(self, why: object) -> None:
        """Records and logs that the lease is gone, so nothing else of the attempt is written."""
        note_refused(self.worker.engine, self.claim, "lease ran out")
        log.warning("%s %s: %s", self.claim.flow, self.claim.fence.task_id, why)

    def failed(self, code: str, reason: str, details: Mapping[str, Any] | None = None) -> Failed:
        """Returns the failure, with the step where it happened."""
        return Failed(code, reason, self.watch.failed_in, details or {})


def perform(attempt: RunningAttempt) -> Outcome | None:
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


def _with_evidence(attempt: RunningAttempt, outcome: Failed) -> Failed | None:
    worker, watch = attempt.worker, attempt.watch
    if not worker.identity.slot.lease_lasts():
        # calls to the phone are cut short where the lease ends: neither phone nor flow is to blame
        attempt.lost(f"the lease ran out: {outcome.reason}")
        return None
    calls, got = worker.connection.calls, attempt.claim
    profile = profile_of(got.flow, got.flow_version) or worker.profile
    kept = keep(worker.settings, worker.identity, got, watch, outcome, calls, profile, attempt.reel.of_failure(outcome))
    return replace(outcome, evidence=kept)


def _settled(attempt: RunningAttempt) -> Outcome | None:
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
    except BaseException as error:  # SystemExit too: a module that calls sys.exit ends its attempt, not its worker
        if is_unavailable(error):  # in the middle: no fault of the flow's
            return attempt.failed("ledger_away", f"the ledger did not answer: {getattr(error, 'orig', error)}")
        log.exception("%s %s in step %s", attempt.claim.flow, attempt.claim.fence.task_id, attempt.watch.failed_in)
        return attempt.failed("flow_error", f"{type(error).__name__}: {error}")


def _outcome(attempt: RunningAttempt) -> Outcome:
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


def note_refused(engine: Engine, got: Claim, what: str) -> None:
    """Records that a late write was refused; skips it while the ledger is away, which often made the lease run out."""
    try:
        record_refused_write(engine, got.fence, what)
    except AWAY as error:
        log.warning("%s: not kept that a late write was refused: %s", got.fence.task_id, error)
