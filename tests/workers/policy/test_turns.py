"""Customers share the phones: whoever has few tasks waits about as long as alone, whatever the others have waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.workers.policy.day import Day, drawn, started_in, steady, wait_of
from workers.policy.turns import PASSED_A_PHONE, Candidate, Standing, deal, fair_shares, turns

HEAVY: Mapping[str, Callable[[Day], object]] = {
    "pool": lambda day: day.ask("heavy", 10_000),
    "high": lambda day: day.ask("heavy", 10_000, priority=3),
    "pinned to every phone": lambda day: day.ask("heavy", 5000, pins=day.serials),
    "half pinned": lambda day: [day.ask("heavy", 5000, pins=day.serials), day.ask("heavy", 5000)],
}
PHONES = (1, 2, 8, 10, 25)


def times_as_long(heavy: str, phones: int, seconds: Callable[[], float]) -> float:
    """How many times as long ten tasks take beside ten thousand as alone."""
    alone = Day(phones, seconds)
    by_itself = wait_of(alone, alone.ask("light", 10))
    day = Day(phones, seconds)
    HEAVY[heavy](day)
    day.run(45)
    return wait_of(day, day.ask("light", 10)) / by_itself


@pytest.mark.parametrize("heavy", HEAVY)
@pytest.mark.parametrize("phones", PHONES)
def test_ten_tasks_beside_ten_thousand_wait_no_longer_than_three_times_what_they_wait_alone(
    phones: int, heavy: str
) -> None:
    assert times_as_long(heavy, phones, steady(30)) <= 3


@pytest.mark.parametrize("heavy", HEAVY)
def test_so_they_do_on_average_when_no_task_takes_as_long_as_the_other(heavy: str) -> None:
    ratios = [times_as_long(heavy, 10, drawn(seed)) for seed in range(3)]
    assert sum(ratios) / len(ratios) <= 3


@pytest.mark.parametrize("heavy", HEAVY)
@pytest.mark.parametrize("phones", [1, 6])
def test_two_that_both_have_many_start_as_many(phones: int, heavy: str) -> None:
    day = Day(phones, drawn(3))
    HEAVY[heavy](day)
    day.run(60)
    day.ask("other", 600)
    day.run(120)
    started = started_in(day, 1500)
    assert 0.35 <= started["other"] / started.total() <= 0.65


def test_a_customer_of_twice_the_weight_starts_twice_as_many() -> None:
    day = Day(12, drawn(5), {"large": 2.0})
    for name in ("large", "small"):
        day.ask(name, 3000)
    day.run(120)
    started = started_in(day, 1500)
    assert 1.6 <= started["large"] / started["small"] <= 2.5


@pytest.mark.parametrize("weight", [10, 20])
@pytest.mark.parametrize("phones", [1, 2, 3, 8])
def test_a_large_weight_is_what_is_started_also_on_few_phones(phones: int, weight: int) -> None:
    day = Day(phones, drawn(5), {"large": float(weight)})
    for name in ("large", "small"):
        day.ask(name, 3000)  # more than all phones start
    day.run(300)
    started = started_in(day, 9000)
    assert day.started["large"] < 3000
    assert 0.85 * weight <= started["large"] / started["small"] <= 1.15 * weight


def test_what_nobody_else_wants_is_one_customers_and_no_phone_idles() -> None:
    day = Day(10, steady(30))
    day.ask("pinned", 500, pins=["p0"])
    day.ask("pool", 3000)
    day.run(120)
    started = started_in(day, 1800)
    assert started.total() >= 0.95 * 10 * 1800 / 30
    assert started["pinned"] >= 0.4 * 1800 / 30, "its one phone is shared with the pool's customer at most"


def test_two_that_want_the_same_phone_take_turns() -> None:
    day = Day(3, steady(10))
    day.ask("heavy", 1000, pins=["p1"])
    day.run(35)
    light = day.ask("light", 5, pins=["p1"])
    assert wait_of(day, light) <= 3 * 5 * 10


@pytest.mark.parametrize(
    ("slots", "wants", "weights", "shares"),
    [
        (10, {"a": 5, "b": 3}, {}, {"a": 5, "b": 3}),
        (10, {"a": 100, "b": 2}, {}, {"a": 8, "b": 2}),
        (10, {"a": 100, "b": 100}, {}, {"a": 5, "b": 5}),
        (9, {"a": 100, "b": 100}, {"a": 2}, {"a": 6, "b": 3}),
        (9, {"a": 100, "b": 100, "c": 1}, {}, {"a": 4, "b": 4, "c": 1}),
        (1, {"a": 100, "b": 100}, {}, {"a": 0.5, "b": 0.5}),
        (10, {}, {}, {}),
    ],
)
def test_shares_are_fair(
    slots: int, wants: Mapping[str, int], weights: Mapping[str, float], shares: Mapping[str, float]
) -> None:
    standings = {name: Standing(weights.get(name, 1.0), waiting=count) for name, count in wants.items()}
    assert fair_shares(slots, standings) == pytest.approx(shares)


def test_a_customer_alone_has_all_the_tickets_that_there_are() -> None:
    assert turns(4, {"a": Standing(running=4, waiting=900)}, alone=1000)["a"].more == 1000
    assert not turns(4, {"a": Standing(waiting=9), "b": Standing(running=4)}, alone=1000)["a"].shared


def test_tickets_that_were_passed_on_take_no_place_in_the_pool_of_a_customer_alone() -> None:
    """They serve one phone each: the others would have nothing to do."""
    passed = PASSED_A_PHONE * 4
    assert turns(4, {"a": Standing(behind=900, passed=passed, waiting=900)}, alone=1000)["a"].more == 100
    assert turns(4, {"a": Standing(behind=900, passed=passed + 60, waiting=900)}, alone=1000)["a"].more == 40
    assert turns(4, {"a": Standing(passed=5), "b": Standing(waiting=9)}, alone=1000)["b"].shared, "both have work"


def test_what_is_sure_gets_its_ticket_in_any_case() -> None:
    full = {"a": Standing(running=9, front=9, waiting=9), "b": Standing(waiting=9)}
    dealt = deal(4, full, [Candidate("one", "a", sure=True), Candidate("two", "a")], {}, alone=1000)
    assert dealt.tasks == ["one"]
