"""The states of a task and the moves allowed between them.

States::

    waiting ──► ready ──► running ──► succeeded
       │ ▲       │ ▲ ▲       │  ├───► failed
       │ │       │ │ └───────┤  ├───► stopped
       ▼ │       ▼ │  retry, │  ├───► delegated ──► succeeded | failed | stopped
       held      held  hand  │  │
                       over  │  └───► needs_review ──► succeeded | failed | ready
                             │
    waiting, ready and held end as failed or stopped as well: overdue, a failed prerequisite, a stop.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a task."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DELEGATED = "delegated"
    NEEDS_REVIEW = "needs_review"
    HELD = "held"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.STOPPED})
OPEN = frozenset(State) - ENDED
NOT_RUNNING = OPEN - {State.RUNNING}

_UNSTARTED_ENDS = frozenset({State.FAILED, State.STOPPED})

MOVES: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.READY, State.HELD}) | _UNSTARTED_ENDS,
    State.READY: frozenset({State.RUNNING, State.HELD}) | _UNSTARTED_ENDS,
    State.HELD: frozenset({State.WAITING, State.READY}) | _UNSTARTED_ENDS,
    State.RUNNING: frozenset({State.READY, State.DELEGATED, State.NEEDS_REVIEW}) | ENDED,
    State.DELEGATED: ENDED,
    State.NEEDS_REVIEW: frozenset({State.READY, State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.STOPPED: frozenset(),
}


class ForbiddenMove(Exception):
    """No move leads from the one state to the other."""

    def __init__(self, before: State, after: State) -> None:
        super().__init__(f"a task that is {before} cannot become {after}; allowed: {sorted(MOVES[before])}")
        self.before = before
        self.after = after


def check_move(before: State, after: State) -> None:
    """Raises ForbiddenMove unless the move is allowed."""
    if after not in MOVES[before]:
        raise ForbiddenMove(before, after)
