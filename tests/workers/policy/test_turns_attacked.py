"""Whatever a customer does with its tasks, the others get their share and wait no longer than three times alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.workers.policy.day import Day, drawn, started_in, steady, wait_of

MANY = 1200


def pausing(day: Day) -> None:
    """Everything of the customer is paused and resumed every few seconds."""
    day.ask("heavy", MANY)
    day.each_round = lambda: day.pause_and_resume("heavy") if day.now % 8 == 0 else None


ATTACKS: Mapping[str, Callable[[Day], object]] = {
    "begun": lambda day: day.ask("heavy", MANY, begun=True),
    "begun, pinned and new": lambda day: [
        day.ask("heavy", MANY // 3, begun=True),
        day.ask("heavy", MANY // 3, pins=day.serials),
        day.ask("heavy", MANY // 3, priority=3),
    ],
    "pinned to half of the phones": lambda day: [
        day.ask("heavy", MANY // 2, pins=day.serials[::2]),
        day.ask("heavy", MANY // 2),
    ],
    "all priorities": lambda day: [day.ask("heavy", MANY // 6, priority=priority) for priority in range(3, 9)],
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("phones", [1, 3, 10])
def test_ten_tasks_beside_thousands_wait_no_longer_than_three_times_alone(attack: str, phones: int) -> None:
    for before in (31, 52):
        alone = Day(phones, steady(30))
        by_itself = wait_of(alone, alone.ask("light", 10))
        day = Day(phones, steady(30))
        ATTACKS[attack](day)
        day.run(before)
        assert wait_of(day, day.ask("light", 10)) <= 3 * by_itself


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(("phones", "seed"), [(1, 1), (2, 2), (6, 3)])
def test_two_with_many_start_as_many(attack: str, phones: int, seed: int) -> None:
    day = Day(phones, drawn(seed))
    ATTACKS[attack](day)
    day.run(60)
    day.ask("other", 400)
    day.run(120)
    started = started_in(day, 1500)
    assert 0.4 <= started["other"] / started.total() <= 0.6


@pytest.mark.parametrize("phones", [1, 3, 10])
def test_whoever_pauses_and_resumes_again_and_again_harms_itself_alone(phones: int) -> None:
    """Its tasks never end, so it holds no more than its share of the phones, and the other one's go on."""
    day = Day(phones, steady(30))
    pausing(day)
    day.run(60)
    begun = day.now
    other = day.ask("other", 20 * phones)
    assert wait_of(day, other) <= 3 * 20 * 30, f"from {begun} on"


@pytest.mark.parametrize(("phones", "weight"), [(1, 2), (1, 5), (2, 3), (3, 5), (8, 2), (8, 5), (12, 3)])
def test_starts_follow_the_weights(phones: int, weight: int) -> None:
    day = Day(phones, drawn(4), {"large": float(weight)})
    for name in ("large", "small"):
        day.ask(name, 3000)
        day.run(60)
    day.run(200)
    started = started_in(day, 2000)
    assert 0.75 * weight <= started["large"] / started["small"] <= 1.35 * weight


@pytest.mark.parametrize(("phones", "customers"), [(1, 3), (1, 8), (4, 3), (10, 8)])
def test_many_customers_start_as_many_and_no_phone_idles(customers: int, phones: int) -> None:
    day = Day(phones, drawn(5))
    for number in range(customers):
        day.ask(f"c{number}", 300)
    day.run(300)
    started = started_in(day, 1500)
    counts = [started[f"c{number}"] for number in range(customers)]
    assert max(counts) - min(counts) <= 2 + 0.1 * max(counts)
    assert started.total() >= 0.93 * phones * 1500 / 40
