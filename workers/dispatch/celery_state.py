"""Maps the outcome of a ticket to a Celery state, for Flower to show (docs/decisions/flower.md).

Celery acts on none of these states: every message is acknowledged, and the ledger alone decides the next step.
"""

from __future__ import annotations

from dataclasses import dataclass

from billiard.exceptions import Terminated
from celery.exceptions import Ignore, Retry
from celery.states import FAILURE, IGNORED, RETRY, REVOKED, SUCCESS

from models.database.terminal_safe import on_one_line
from models.tables import Task
from models.tasks.states import State

MOST_REASON = 300  # characters of a reason that Flower shows


class AttemptFailed(Exception):
    """The attempt failed; its task failed too, or waits for a person. The message says why."""


class GoesOn(Exception):
    """The task goes on: with another attempt, after a hold, or through the tasks in its place. The message says why."""


# What a ticket raises on purpose: neither a defect nor worth a traceback.
ON_PURPOSE = (AttemptFailed, Terminated)


@dataclass(frozen=True, slots=True)
class TicketOutcome:
    """The outcome of a ticket: one of Celery's states, and the reason in words."""

    state: str
    why: str


_STATES = {
    State.SUCCEEDED: SUCCESS,
    State.FAILED: FAILURE,
    State.NEEDS_REVIEW: FAILURE,
    State.STOPPED: REVOKED,
    State.DELEGATED: RETRY,
    State.READY: RETRY,
    State.HELD: RETRY,
    State.WAITING: RETRY,
    State.RUNNING: IGNORED,  # a second ticket of a task that somebody runs: that one reports the outcome
}
_WORDS = {
    State.SUCCEEDED: "succeeded",
    State.NEEDS_REVIEW: "needs review",
    State.STOPPED: "stopped",
    State.DELEGATED: "others took its place, and it ends with them",
    State.HELD: "held",
    State.RUNNING: "another worker runs it",
}


def ticket_outcome(state: State | None, why: str) -> TicketOutcome:
    """Returns the outcome of a ticket whose task is in this state for this reason; `state` None: no such task."""
    if state is None:
        return TicketOutcome(FAILURE, why)
    word = _WORDS.get(state, "")
    said = why if not word or why.startswith(word) else f"{word}: {why}" if why else word
    return TicketOutcome(_STATES[state], on_one_line(said)[:MOST_REASON])


def finish_message(outcome: TicketOutcome) -> str:
    """Ends a ticket's message in that state: returns for a success, raises the exception of any other state."""
    if outcome.state == SUCCESS:
        return outcome.why
    if outcome.state == RETRY:
        raise Retry(outcome.why, exc=GoesOn(outcome.why))  # raised and not sent: no message follows
    if outcome.state == REVOKED:
        raise Terminated(outcome.why)
    if outcome.state == IGNORED:
        raise Ignore(outcome.why)
    raise AttemptFailed(outcome.why)


def state_reason(task: Task) -> str:
    """Returns the reason for a task's state, for people; empty where there is none."""
    if task.state in (State.READY, State.HELD, State.WAITING):
        return task.waits_for or ""
    if task.state in (State.FAILED, State.NEEDS_REVIEW):
        return f"{task.failure_code}: {task.reason}"
    return task.reason or ""
