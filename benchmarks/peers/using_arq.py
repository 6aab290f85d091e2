"""arq, with its results in Redis."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any, ClassVar

from arq.connections import ArqRedis, RedisSettings, create_pool

from benchmarks.peers.start import REDIS, noop, shared_redis

JOBS = "BENCH_ARQ_JOBS"  # how many at once in a process
LOGGING = {"version": 1}  # arq logs each job otherwise

_settings = RedisSettings.from_dsn(os.environ[REDIS])
_runner = asyncio.Runner()
_pools: list[ArqRedis] = []


async def task(_context: dict[str, Any], sent_at: float | None = None) -> None:
    """The task, on the worker's event loop."""
    noop(sent_at)


class WorkerSettings:
    """What `arq` reads. It takes `max_jobs` jobs each time that it looks: by its default one does two a second."""

    poll_delay = 0.01
    functions: ClassVar[list[Any]] = [task]
    redis_settings = _settings
    max_jobs = int(os.environ.get(JOBS, "1"))


async def _send(count: int, *arguments: float) -> None:
    if not _pools:
        _pools.append(await create_pool(_settings))
    for _ in range(count):
        await _pools[0].enqueue_job("task", *arguments)


def send(count: int) -> None:
    """One job after the other."""
    _runner.run(_send(count))


def send_one() -> None:
    """One job."""
    _runner.run(_send(1, time.time()))


def done() -> int:
    """Results in Redis."""
    return sum(1 for _ in shared_redis().scan_iter("arq:result:*", count=10_000))
