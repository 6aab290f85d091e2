"""Waits before the next try: doubled up to the longest, and spread by chance."""

from __future__ import annotations

from random import Random

import pytest

from models.values.backoff import Backoff

PAUSES = Backoff(first=0.5, most=30.0)


def test_waits_double_up_to_the_longest() -> None:
    assert [PAUSES.wait(failures) for failures in (0, 1, 2, 3, 6, 7, 8)] == [0.0, 0.5, 1.0, 2.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize("failures", [100, 10_000, 10**9])
def test_no_number_of_failures_is_too_large(failures: int) -> None:
    assert PAUSES.wait(failures) == 30.0


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("failures", [1, 4, 50])
def test_what_is_spread_lies_between_a_quarter_of_the_wait_and_all_of_it(failures: int, seed: int) -> None:
    whole = PAUSES.wait(failures)
    assert whole / 4 <= PAUSES.spread(failures, Random(seed)) <= whole


def test_those_that_collided_do_not_meet_again() -> None:
    assert len({PAUSES.spread(1, Random(seed)) for seed in range(50)}) == 50


def test_nothing_is_waited_for_before_a_failure() -> None:
    assert PAUSES.spread(0, Random(1)) == 0.0
