"""Who gets a thread of a delivery worker: no lane and no customer takes those that others need."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from gateway.delivery.lane_slots import FIRSTS, Slots, most_threads
from workers.dispatch.messages import MOST_IN_A_LANE
from workers.settings import read_settings

SHARED = read_settings({}).deliveries_at_once


def take_all(slots: Slots, lane: str, customer: str) -> int:
    """How many threads a lane gets that wants as many as it can get."""
    taken = 0
    while slots.enter(lane, customer):
        taken += 1
    return taken


def test_each_further_customers_lane_gets_half_of_what_is_left_and_its_first_thread_in_any_case() -> None:
    slots = Slots(64)
    assert [take_all(slots, f"lane {n}", f"customer {n}") for n in range(10)] == [33, 17, 9, 5, 3, 2, 2, 1, 1, 1]


def test_the_lanes_of_one_customer_share_what_a_customer_may_have() -> None:
    slots = Slots(64)
    assert [take_all(slots, f"lane {n}", "hostile") for n in range(4)] == [33, 1, 1, 1]
    assert take_all(slots, "other", "other") == 17


def test_a_lane_alone_gets_all_that_one_receiver_may_be_sent_at_once() -> None:
    assert take_all(Slots(SHARED), "lane", "customer") > MOST_IN_A_LANE  # and one that writes


@pytest.mark.parametrize("customers", [1, 2, 7, 25, 50])
@pytest.mark.parametrize("seed", range(5))
def test_fifty_lanes_that_hang_leave_a_thread_for_each_further_one_of_whosoever(customers: int, seed: int) -> None:
    """They come in any order, as often as they like, and give nothing back."""
    slots, chance = Slots(SHARED), random.Random(seed)
    lanes = {f"lane {n}": f"customer {n % customers}" for n in range(50)}
    got = Counter[str]()
    for lane in chance.choices(list(lanes), k=3000) + list(lanes):
        got[lane] += slots.enter(lane, lanes[lane])
    assert len(+got) == 50
    assert slots.enter("of a stranger", "stranger")
    assert slots.enter("of one of them", "customer 0")
    assert got.total() + 2 <= most_threads(SHARED)


def test_a_customer_with_countless_lanes_leaves_threads_for_the_others() -> None:
    slots = Slots(SHARED)
    hostile = sum(slots.enter(f"lane {n}", "hostile") for n in range(1000))
    assert hostile == FIRSTS * SHARED // 2
    assert all(slots.enter(f"lane of {n}", f"customer {n}") for n in range(50))


@pytest.mark.parametrize("shared", [2, 3, 4, 64, 512])
def test_no_order_of_coming_takes_more_threads_than_there_are(shared: int) -> None:
    slots, chance = Slots(shared), random.Random(shared)
    coming = [chance.randrange(4 * shared) for _ in range(20 * shared)]
    entered = sum(slots.enter(f"lane {number}", f"customer {number % 5}") for number in coming)
    assert entered <= most_threads(shared)


def test_a_lane_is_counted_out_when_its_turn_is_over() -> None:
    slots = Slots(4)
    assert take_all(slots, "a", "one") == 3
    assert slots.enter("b", "two")
    assert [slots.leave("a") for _ in range(3)] == [False, False, True]
    assert take_all(slots, "b", "two") == 2
    assert slots.leave("b") is False
