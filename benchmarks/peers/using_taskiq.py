"""taskiq on a stream of Redis, with its results in Redis too."""

from __future__ import annotations

import asyncio
import os
import time

from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks.peers.start import REDIS, noop, shared_redis

RESULTS = "taskiq-results"

broker = RedisStreamBroker(os.environ[REDIS]).with_result_backend(
    RedisAsyncResultBackend(os.environ[REDIS], prefix_str=RESULTS)
)
_runner = asyncio.Runner()
_started: list[bool] = []


@broker.task
async def task(sent_at: float | None = None) -> None:
    """The task, on the worker's event loop, which costs least."""
    noop(sent_at)


async def _send(count: int, *arguments: float) -> None:
    if not _started:
        await broker.startup()
        _started.append(True)
    for _ in range(count):
        await task.kiq(*arguments)


def send(count: int) -> None:
    """One message after the other."""
    _runner.run(_send(count))


def send_one() -> None:
    """One message."""
    _runner.run(_send(1, time.time()))


def done() -> int:
    """Results in Redis."""
    return sum(1 for _ in shared_redis().scan_iter(f"{RESULTS}:*", count=10_000))
