"""Outcomes of attempts, in a form that the ledger can store."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from celery.canvas import Signature

from models.database.sizes import MOST_RESULT, TooLarge
from models.database.storable import TooLong, storable_json, storable_text

MOST_REASON = 2000  # characters
MOST_STEP = 64
MOST_WHY = 500
MOST_DETAILS = 256 * 1024  # bytes of JSON


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The flow returned a result."""

    result: Any
    pages: Set[str] = frozenset()  # of the app, that the profile knew on the way


@dataclass(frozen=True, slots=True)
class Replaced:
    """The task put signatures in its place."""

    signature: Signature


@dataclass(frozen=True, slots=True)
class Failed:
    """The flow failed; `code` is one of flows.failures.CODES."""

    code: str
    reason: str
    step: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WasStopped:
    """The flow left the phone on request: its task was stopped, or its task or its phone was paused."""

    reason: str
    step: str | None = None


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The worker ends and hands its task back; the attempt counts as no failure."""

    step: str | None = None


NotSucceeded = Replaced | Failed | WasStopped | HandedBack
Outcome = Succeeded | NotSucceeded


def storable(outcome: Outcome) -> Outcome:
    """Returns the outcome as the ledger can store it. A result that it cannot store is a failure of the flow."""
    match outcome:
        case Succeeded(result, pages):
            try:
                return Succeeded(storable_json(result, MOST_RESULT), pages)
            except TooLong as error:
                return Failed("result_too_large", f"its result cannot be kept: {error}")
            except ValueError as error:
                return Failed("flow_error", f"its result cannot be kept: {error}")
        case Failed():
            return replace(
                outcome,
                reason=storable_text(outcome.reason, MOST_REASON),
                step=_step(outcome.step),
                details=_kept(outcome.details),
                evidence=None if outcome.evidence is None else _kept(outcome.evidence),
            )
        case WasStopped(reason, step):
            return WasStopped(storable_text(reason, MOST_REASON), _step(step))
        case HandedBack(step):
            return HandedBack(_step(step))
    return outcome


def _step(step: str | None) -> str | None:
    return None if step is None else storable_text(step, MOST_STEP)


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(storable_json(values, MOST_DETAILS))
    except ValueError as error:
        return {"not kept": str(error)}


def without_what_failed(outcome: Outcome, error: Exception) -> Failed:
    """Returns the failure to record in place of an outcome with a value that the database refused for good."""
    why = storable_text(str(getattr(error, "orig", error)), MOST_WHY)
    if isinstance(outcome, Failed):
        bare = Failed(outcome.code, f"the ledger cannot hold what is known of it: {why}", outcome.step)
        if outcome == bare:
            raise error
        return bare
    code = "result_too_large" if isinstance(error, TooLarge) else "flow_error"
    return Failed(code, f"the ledger cannot hold its result: {why}")
