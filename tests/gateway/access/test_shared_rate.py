"""The rate of a key over all gateway processes, counted in Redis; without Redis, each process counts for itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import pytest
from limits import RateLimitItemPerSecond

from gateway.access.rate_limit import RateLimiter
from gateway.access.shared_rate import AWAY_SECONDS, PART_SECONDS, SharedRate, window_of
from scripts.local.embedded import EmbeddedRedis
from tests.gateway.access.clock import Clock
from tests.support.gateway.api_server import Api, Caller, Raw, listening
from tests.support.installation import NOBODY_LISTENS

SLOW = 0.01  # a second: its window is 100 s, so no test sees it move


@pytest.mark.parametrize(
    ("rate", "amount", "seconds"),
    [
        (10, 10, 1),
        (10_000, 10_000, 1),
        (2.5, 5, 2),
        (0.5, 1, 2),
        (0.3, 3, 10),
        (1 / 3, 1, 3),
        (0.33, 3, 10),
        (SLOW, 1, 100),
        (7.77, 77, 10),
    ],
)
def test_a_rate_is_so_many_requests_in_a_window_and_never_more(rate: float, amount: int, seconds: int) -> None:
    window = window_of(rate)
    assert (window.amount, window.multiples) == (amount, seconds)
    assert amount / seconds <= rate + 1e-9


def taken(url: str, work: Callable[[SharedRate, SharedRate], Awaitable[Sequence[int]]]) -> Sequence[int]:
    """What two processes are told."""

    async def both() -> Sequence[int]:
        here, there = SharedRate(url), SharedRate(url)
        try:
            return await work(here, there)
        finally:
            await here.close()
            await there.close()

    return asyncio.run(both())


def test_all_processes_count_together_and_each_key_for_itself(redis_url: str) -> None:
    one, other = uuid4().hex, uuid4().hex

    async def work(here: SharedRate, there: SharedRate) -> Sequence[int]:
        return [
            await here.take(one, SLOW),
            await there.take(one, SLOW),
            await there.take(other, SLOW),
            await here.take(other, SLOW),
        ]

    assert taken(redis_url, work) == [0, 100, 0, 100]


def test_what_weighs_more_takes_more_and_at_most_all_of_a_window(redis_url: str) -> None:
    one, other, rate = uuid4().hex, uuid4().hex, 0.3

    async def work(here: SharedRate, there: SharedRate) -> Sequence[int]:
        return [await here.take(one, rate, 2), await there.take(one, rate, 2), await there.take(other, rate, 99)]

    assert taken(redis_url, work) == [0, 10, 0]


def test_a_process_takes_a_twentieth_at_once_and_all_of_them_no_more_than_the_window(redis_url: str) -> None:
    key, rate, clock = uuid4().hex, 0.5, Clock()  # 50 in 100 s: two at once

    async def work() -> list[int]:
        here, there = SharedRate(redis_url, clock), SharedRate(redis_url, clock)
        told = [await one.take(key, rate) for one in (here, there) * 40]
        for one in (here, there):
            await one.close()
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.access.shared_rate.window_of", lambda _: RateLimitItemPerSecond(50, 100))
        told = asyncio.run(work())
    assert told.count(0) == 50
    assert told[-20:] == [100] * 20


def test_requests_at_the_same_moment_take_one_part_together(redis_url: str) -> None:
    key = uuid4().hex

    async def work() -> list[int]:
        rate = SharedRate(redis_url, Clock())
        told = await asyncio.gather(*(rate.take(key, SLOW) for _ in range(110)))
        await rate.close()
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.access.shared_rate.window_of", lambda _: RateLimitItemPerSecond(100, 100))
        told = asyncio.run(work())
    assert sorted(told) == [0] * 100 + [100] * 10


def test_what_a_process_took_and_did_not_use_is_not_used_later(redis_url: str) -> None:
    key, clock = uuid4().hex, Clock()

    async def work() -> list[int]:
        rate = SharedRate(redis_url, clock)
        told = [await rate.take(key, 40)]
        clock.now += PART_SECONDS + 0.1
        told += [await rate.take(key, 40) for _ in range(2)]
        await rate.close()
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.access.shared_rate.window_of", lambda _: RateLimitItemPerSecond(40, 100))
        patch.setattr("gateway.access.shared_rate.PART", 1)
        assert asyncio.run(work()) == [0, 100, 100]


def test_while_redis_is_away_nobody_waits_for_it_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    caplog.set_level(logging.WARNING)

    async def work() -> Sequence[int]:
        rate = SharedRate(NOBODY_LISTENS, clock)
        told = list(await asyncio.gather(*(rate.take("a", SLOW) for _ in range(5))))
        clock.now += AWAY_SECONDS
        return [*told, await rate.take("a", SLOW)]

    assert asyncio.run(work()) == [0] * 6
    assert caplog.text.count("counts requests for itself") == 2


def test_without_an_address_it_counts_nothing() -> None:
    async def work() -> Sequence[int]:
        rate = SharedRate(None)
        return [await rate.take("a", SLOW), await rate.take("a", SLOW)]

    assert asyncio.run(work()) == [0, 0]


def test_the_embedded_redis_lets_it_count(tmp_path_factory: pytest.TempPathFactory) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:

        async def work(here: SharedRate, there: SharedRate) -> Sequence[int]:
            return [await here.take("a", SLOW), await there.take("a", SLOW)]

        assert taken(server.url, work) == [0, 100]


@pytest.fixture
def timeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes for the rate of a process."""
    monkeypatch.setattr("gateway.api.app.RateLimiter", lambda: RateLimiter(lambda: 0.0))


def slow_caller(api: Api) -> Caller:
    return api.caller("slow", rate_per_second=SLOW)


def test_a_second_gateway_does_not_double_a_keys_rate(api: Api, timeless: None) -> None:
    with listening(api.engine) as first, listening(api.engine) as second:
        caller = slow_caller(first)
        assert Raw(first, caller).send("GET", "/v1/phones").status_code == 200
        held = Raw(second, caller).send("GET", "/v1/phones")
        assert (held.status_code, held.json()["code"], held.headers["retry-after"]) == (429, "too_many_requests", "100")
        assert Raw(second, slow_caller(second)).send("GET", "/v1/phones").status_code == 200


def test_where_the_operator_says_so_each_gateway_counts_for_itself(api: Api, timeless: None) -> None:
    with listening(api.engine, shared_rate=False) as first, listening(api.engine, shared_rate=False) as second:
        caller = slow_caller(first)
        told = [Raw(one, caller).send("GET", "/v1/phones").status_code for one in (first, second, first)]
        assert told == [200, 200, 429]
