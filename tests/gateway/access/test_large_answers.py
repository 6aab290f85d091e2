"""Large answers are made in turns: one of a key, few together, and none that there is no room for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from gateway.access.body import BodyBudget
from gateway.access.large_answers import AT_ONCE, WAITING, LargeAnswers
from gateway.problem import ApiProblem

ROOM, LENGTH = 1000, 100


def running(work: Callable[[LargeAnswers, BodyBudget], Awaitable[None]]) -> None:
    async def started() -> None:
        budget = BodyBudget(ROOM)
        await work(LargeAnswers(budget), budget)

    asyncio.run(started())


async def settled() -> None:
    """Every task that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_key_makes_one_at_a_time_and_others_need_not_wait_for_it() -> None:
    async def work(large: LargeAnswers, _: BodyBudget) -> None:
        order: list[str] = []

        async def ask(key: str, free: asyncio.Event) -> None:
            async with large.turn(key, LENGTH):
                order.append(key)
                await free.wait()

        free = {key: asyncio.Event() for key in ("acme", "other")}
        asked = [asyncio.create_task(ask(key, free[key])) for key in ("acme", "acme", "acme", "other")]
        await settled()
        assert order == ["acme", "other"]
        for event in free.values():
            event.set()
        await asyncio.gather(*asked)
        assert order == ["acme", "other", "acme", "acme"]

    running(work)


def test_so_many_are_made_at_once_whatever_the_keys() -> None:
    async def work(large: LargeAnswers, _: BodyBudget) -> None:
        now = most = 0

        async def ask(key: str) -> None:
            nonlocal now, most
            async with large.turn(key, LENGTH):
                now += 1
                most = max(most, now)
                await settled()
                now -= 1

        await asyncio.gather(*(ask(f"key{number}") for number in range(20)))
        assert most == AT_ONCE

    running(work)


def test_no_key_lets_more_than_a_few_wait() -> None:
    async def work(large: LargeAnswers, _: BodyBudget) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(large.turn("acme", LENGTH))
            waiting = [asyncio.create_task(_turn(large, "acme")) for _ in range(WAITING - 1)]
            await settled()
            with pytest.raises(ApiProblem, match="too many large answers"):
                await _turn(large, "acme")
            await _turn(large, "other")
        await asyncio.gather(*waiting)
        await _turn(large, "acme")

    running(work)


def test_what_there_is_no_room_for_is_refused_before_it_is_made() -> None:
    async def work(large: LargeAnswers, budget: BodyBudget) -> None:
        assert budget.take("acme", ROOM // 2)
        with pytest.raises(ApiProblem, match="too many large answers"):
            await _turn(large, "acme")
        budget.give_back("acme", ROOM // 2)
        await _turn(large, "acme")
        assert budget.take("acme", ROOM // 2), "what was only asked for counts nowhere"

    running(work)


def test_who_waits_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.access.large_answers.WAIT_SECONDS", 0.0)

    async def work(large: LargeAnswers, _: BodyBudget) -> None:
        async with large.turn("acme", LENGTH):
            with pytest.raises(ApiProblem, match="too many large answers"):
                await _turn(large, "acme")
        await _turn(large, "acme")

    running(work)


async def _turn(large: LargeAnswers, key: str) -> None:
    async with large.turn(key, LENGTH):
        pass
