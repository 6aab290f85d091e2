"""The task that every side of benchmarks/dispatch.py does: nothing, or to say when it began. Needs redis-py alone."""

from __future__ import annotations

import os
import time
from functools import cache

from redis import Redis

REDIS = "BENCH_DISPATCH_REDIS"  # the address of the broker, and of the list below
LATENCIES = "bench:latencies"  # a list in Redis: seconds from submission and from publication to the start, as text
PUBLISHED = "bench:published"  # when the newest ticket was published


@cache
def shared_redis() -> Redis:
    """The client of this process."""
    return Redis.from_url(os.environ[REDIS], socket_timeout=10)


def note_publication(redis: Redis) -> None:
    """Notes that a ticket is about to be published."""
    redis.set(PUBLISHED, time.time())


def tell_start(sent_at: float) -> None:
    """Notes how long the task was on its way, by the clock that all processes of a machine share."""
    now = time.time()
    published = float(str(shared_redis().get(PUBLISHED), "ascii"))  # type: ignore[arg-type]
    shared_redis().rpush(LATENCIES, f"{now - sent_at} {now - published}")


def noop(sent_at: float | None = None) -> None:
    """Do nothing; say when it began if `sent_at` tells when it was sent."""
    if sent_at is not None:
        tell_start(sent_at)
