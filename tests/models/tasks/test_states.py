"""The states of a task: every allowed move, and no other."""

from __future__ import annotations

from itertools import product

import pytest

from models.tasks.states import ENDED, MOVES, OPEN, ForbiddenMove, State, check_move

# Written out a second time, so that a move that slips in is seen.
ALLOWED = {
    "waiting": "ready held failed stopped",
    "ready": "running held failed stopped",
    "held": "waiting ready failed stopped",
    "running": "ready delegated needs_review succeeded failed stopped",
    "delegated": "succeeded failed stopped",
    "needs_review": "ready succeeded failed",
    "succeeded": "",
    "failed": "",
    "stopped": "",
}


def states_before(after: State) -> frozenset[State]:
    """The states from which a task may become `after`."""
    return frozenset(before for before, allowed in MOVES.items() if after in allowed)


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_every_move(before: State, after: State) -> None:
    if after in ALLOWED[before].split():
        check_move(before, after)
    else:
        with pytest.raises(ForbiddenMove, match=f"{before} cannot become {after}"):
            check_move(before, after)


def test_what_has_ended_stays_so_and_all_else_can_end() -> None:
    assert {state for state in State if not MOVES[state]} == ENDED
    assert set(State) == OPEN | ENDED
    assert all(MOVES[state] & ENDED for state in OPEN)


def test_every_state_but_the_first_can_be_reached() -> None:
    assert {state for state in State if states_before(state)} == set(State)
    assert states_before(State.RUNNING) == {State.READY}
    assert states_before(State.DELEGATED) == {State.RUNNING}
