"""The versions of a flow: one is in use, a new one is tried, and its runs promote it or take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.failures import CODES, Culprit
from models.values.enums import FlowVersionState as State
from models.values.enums import TrialOutcome
from workers.policy.flow_trial import (
    ENOUGH,
    MOST_FAULTS,
    MOST_RUNS,
    Move,
    TrialPhone,
    gets_trial,
    judge_run,
    judge_trial,
    moves_of,
    place_in_trial,
    trial_phones,
)

PROVED, FAULT, OTHER = TrialOutcome.PROVED, TrialOutcome.FAULT, TrialOutcome.OTHER
OUTCOMES = st.lists(st.sampled_from(TrialOutcome), max_size=2 * MOST_RUNS)
VERSIONS = [f"1.{number}" for number in range(4)]


@pytest.mark.parametrize("code", CODES)
def test_only_the_flow_and_the_app_are_the_versions_fault(code: str) -> None:
    fault = CODES[code].culprit in (Culprit.FLOW, Culprit.APP)
    assert judge_run(code) == (FAULT if fault else OTHER)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], State.CANARY),
        ([FAULT] * (MOST_FAULTS - 1), State.CANARY),
        ([FAULT] * MOST_FAULTS, State.WITHDRAWN),
        ([PROVED] * (ENOUGH - 1), State.CANARY),
        ([PROVED] * ENOUGH, State.IN_USE),
        ([PROVED, FAULT, PROVED, OTHER, PROVED, PROVED, PROVED], State.IN_USE),
        ([PROVED, FAULT, PROVED, FAULT, *[PROVED] * ENOUGH], State.WITHDRAWN),
        ([*[PROVED] * ENOUGH, *[FAULT] * MOST_FAULTS], State.IN_USE),
        ([OTHER] * (MOST_RUNS - 1), State.CANARY),
        ([OTHER] * MOST_RUNS, State.WITHDRAWN),
    ],
)
def test_the_runs_decide(outcomes: list[TrialOutcome], state: State) -> None:
    found, why = judge_trial(outcomes)
    assert found == state
    assert bool(why) == (state != State.CANARY)


def test_who_succeeds() -> None:
    assert judge_run(None) == PROVED


@given(OUTCOMES)
def test_a_trial_always_ends_and_its_verdict_stands(outcomes: list[TrialOutcome]) -> None:
    state, _ = judge_trial(outcomes)
    assert (state == State.CANARY) <= (len(outcomes) < MOST_RUNS)
    for more in TrialOutcome:
        later, _ = judge_trial([*outcomes, more])
        assert state in (State.CANARY, later)
    assert (state == State.IN_USE) <= (outcomes.count(PROVED) >= ENOUGH)


def carried_out(states: Mapping[str, State], moves: Sequence[Move]) -> dict[str, State]:
    return {**states, **{move.version: move.state for move in moves}}


@given(
    st.lists(st.sampled_from(VERSIONS), unique=True, min_size=1).map(sorted),
    st.dictionaries(st.sampled_from(VERSIONS), st.sampled_from(State)),
    OUTCOMES,
    st.booleans(),
)
def test_whatever_was_known_one_is_in_use_and_one_at_most_on_trial(
    there: list[str], states: dict[str, State], outcomes: list[TrialOutcome], phones: bool
) -> None:
    for odd in (State.IN_USE, State.CANARY):  # the ledger never has two
        for extra in [version for version, state in states.items() if state == odd][1:]:
            states[extra] = State.RETIRED
    for _ in range(6):
        moves = moves_of(there, states, outcomes, phones=phones)
        assert all(states.get(move.version) != move.state for move in moves)
        states, outcomes = carried_out(states, moves), []
        if not moves:
            break
    else:
        pytest.fail("the moves do not come to rest")
    held = [version for version, state in states.items() if state == State.IN_USE]
    assert len(held) == 1
    assert held[0] in there
    trials = [version for version, state in states.items() if state == State.CANARY]
    assert len(trials) <= 1
    assert all(states[version] == State.REMOVED for version in states if version not in there)
    if phones and not trials:
        assert all(version in states for version in there)


def test_the_life_of_three_versions() -> None:
    states: dict[str, State] = {}

    def step(there: list[str], outcomes: Sequence[TrialOutcome] = ()) -> list[tuple[str, State]]:
        moves = moves_of(there, states, outcomes, phones=True)
        states.update((move.version, move.state) for move in moves)
        return [(move.version, move.state) for move in moves]

    assert step(["1.0"]) == [("1.0", State.IN_USE)]
    assert step(["1.0"]) == []
    assert step(["1.0", "1.1"]) == [("1.1", State.CANARY)]
    assert step(["1.0", "1.1", "1.2"], [FAULT]) == []
    assert step(["1.0", "1.1", "1.2"], [FAULT, FAULT]) == [("1.1", State.WITHDRAWN)]
    assert step(["1.0", "1.1", "1.2"]) == [("1.2", State.CANARY)]
    assert step(["1.0", "1.1", "1.2"], [PROVED] * ENOUGH) == [("1.0", State.RETIRED), ("1.2", State.IN_USE)]
    assert step(["0.9", "1.0", "1.1", "1.2"]) == [("0.9", State.RETIRED)]
    assert step(["1.0", "1.1"]) == [("1.2", State.REMOVED), ("0.9", State.REMOVED), ("1.0", State.IN_USE)]


def test_without_phones_no_trial_begins() -> None:
    assert moves_of(["1.0", "1.1"], {"1.0": State.IN_USE}, [], phones=False) == []


def test_a_version_put_in_the_place_of_another_is_in_use() -> None:
    moves = moves_of(["1.1"], {"1.0": State.IN_USE}, [], phones=True)
    assert [(move.version, move.state) for move in moves] == [("1.0", State.REMOVED), ("1.1", State.IN_USE)]


def test_the_phones_of_a_trial() -> None:
    working = [("a", True), ("b", False), ("c", False), ("d", False)]
    assert trial_phones([], working, 2) == ["b", "c"]
    assert trial_phones(["d", "gone"], working, 2) == ["d"]
    assert trial_phones(["gone"], working, 2) == ["b", "c"]
    assert trial_phones([], [("a", True)], 2) == ["a"]
    assert trial_phones(["d", "c", "b"], working, 2) == ["d", "c"]


def test_where_a_trial_runs_a_task() -> None:
    one, two = TrialPhone("a", "acc-a", sandbox=False), TrialPhone("b", "acc-b", sandbox=False)
    assert [place_in_trial(None, [one, two], turn, sandbox=False) for turn in range(3)] == [one, two, one]
    assert place_in_trial("acc-b", [one, two], 0, sandbox=False) == two
    assert place_in_trial("acc-c", [one, two], 0, sandbox=False) is None
    assert place_in_trial(None, [one, two], 0, sandbox=True) is None
    assert place_in_trial(None, [], 0, sandbox=False) is None


def test_a_trial_gets_half_of_the_tasks_and_few() -> None:
    assert [gets_trial(place, 0) for place in range(4)] == [True, False, True, False]
    assert not gets_trial(0, MOST_RUNS)
