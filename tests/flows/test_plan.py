"""Places drawn at random inside a loop."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.plan import due, plan


@given(st.integers(0, 2**32), st.integers(1, 200), st.data())
def test_places_lie_inside_the_loop_each_once(seed: int, loop: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(0, loop))
    places = plan(random.Random(seed), wanted, loop)
    assert len(set(places)) == wanted
    assert all(0 <= place < loop for place in places)
    assert list(places) == sorted(places)


@given(st.integers(0, 2**32), st.integers(1, 50), st.integers(1, 20))
def test_places_may_repeat_when_allowed(seed: int, wanted: int, loop: int) -> None:
    places = plan(random.Random(seed), wanted, loop, once=False)
    assert len(places) == wanted
    assert all(0 <= place < loop for place in places)


@pytest.mark.parametrize(("wanted", "loop"), [(5, 4), (1, 0), (-1, 3)])
def test_what_has_no_room_is_refused(wanted: int, loop: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        plan(random.Random(1), wanted, loop)


def test_the_same_seed_draws_the_same_places_and_another_others() -> None:
    draws = {plan(random.Random(seed), 10, 60) for seed in (1, 1, 2, 3)}
    assert len(draws) == 3


@given(st.integers(0, 2**32), st.integers(1, 60), st.lists(st.booleans(), min_size=60, max_size=60))
def test_a_place_that_cannot_be_used_is_made_up_for(seed: int, loop: int, usable: list[bool]) -> None:
    """Acting whenever something is due loses a target only when no usable place comes after it."""
    wanted = min(10, loop)
    places = plan(random.Random(seed), wanted, loop)
    done = 0
    for at in range(loop):
        if due(places, at, done) and usable[at]:
            done += 1
    usable_from_there = sum(usable[places[0] : loop])
    assert done <= min(wanted, usable_from_there)
    if all(usable[:loop]):
        assert done == wanted
    if done < wanted:
        assert due(places, loop - 1, done) == wanted - done
