"""The rate limit: how often a key may ask, and how long it must wait."""

from __future__ import annotations

from gateway.access.rate_limit import RateLimiter
from tests.gateway.access.clock import Clock


def test_a_bucket_holds_what_comes_in_a_second() -> None:
    clock = Clock()
    buckets = RateLimiter(clock)
    assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("b", 3) == 0
    clock.now += 1 / 3
    assert [buckets.take("a", 3) for _ in range(2)] == [0, 1]
    clock.now += 3600
    assert [buckets.take("a", 3) for _ in range(4)] == [0, 0, 0, 1]


def test_a_slow_bucket_says_how_long_to_wait() -> None:
    clock = Clock()
    buckets = RateLimiter(clock)
    assert [buckets.take("a", 0.1), buckets.take("a", 0.1)] == [0, 10]
    clock.now += 9.9
    assert buckets.take("a", 0.1) == 1
    clock.now += 0.2
    assert buckets.take("a", 0.1) == 0


def test_what_weighs_more_takes_more_and_at_most_all_that_a_bucket_holds() -> None:
    clock = Clock()
    buckets = RateLimiter(clock)
    assert [buckets.take("a", 10, 6), buckets.take("a", 10, 4), buckets.take("a", 10)] == [0, 0, 1]
    clock.now += 1
    assert buckets.take("a", 10, 99) == 0
    assert buckets.take("a", 10, 99) == 1
