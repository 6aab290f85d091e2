"""What came of a ticket, in Celery's words: the state that Flower shows (docs/decisions/flower.md).

Celery acts on none of these states: a message is answered for whatever it led to, and what follows is the ledger's.
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
    """The attempt failed, and its task with it or until a person looked. Says why."""


class GoesOn(Exception):
    """The task goes on: with another attempt, when what holds it is gone, or with what took its place. Says why."""


# What a ticket raises on purpose: neither a defect nor worth a traceback.
ON_PURPOSE = (AttemptFailed, Terminated)


@dataclass(frozen=True, slots=True)
class Came:
    """What a ticket led to: one of Celery's states, and why in words."""

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
    State.RUNNING: IGNORED,  # a second ticket of a task that somebody runs: that one will tell
}
_WORDS = {
    State.SUCCEEDED: "succeeded",
    State.NEEDS_REVIEW: "needs review",
    State.STOPPED: "stopped",
    State.DELEGATED: "others took its place, and it ends with them",
    State.HELD: "held",
    State.RUNNING: "another worker runs it",
}


def came_of(state: State | None, why: str) -> Came:
    """What to tell Celery of a ticket whose task stands so now, and why it does. None: there is no such task."""
    if state is None:
        return Came(FAILURE, why)
    word = _WORDS.get(state, "")
    said = why if not word or why.startswith(word) else f"{word}: {why}" if why else word
    return Came(_STATES[state], on_one_line(said)[:MOST_REASON])


def tell(came: Came) -> str:
    """End a ticket's message in that state: return for a success, raise what Celery takes for the other ones."""
    if came.state == SUCCESS:
        return came.why
    if came.state == RETRY:
        raise Retry(came.why, exc=GoesOn(came.why))  # raised and not sent: no message follows
    if came.state == REVOKED:
        raise Terminated(came.why)
    if came.state == IGNORED:
        raise Ignore(came.why)
    raise AttemptFailed(came.why)


def why_so(task: Task) -> str:
    """Why a task is where it stands, for people; empty where there is nothing to say."""
    if task.state in (State.READY, State.HELD, State.WAITING):
        return task.waits_for or ""
    if task.state in (State.FAILED, State.NEEDS_REVIEW):
        return f"{task.failure_code}: {task.reason}"
    return task.reason or ""
