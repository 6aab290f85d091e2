"""dramatiq on Redis, with its results in Redis too."""

from __future__ import annotations

import os
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks.peers.start import REDIS, noop, shared_redis

RESULTS = "dramatiq-results"

broker = RedisBroker(url=os.environ[REDIS])
broker.add_middleware(
    Results(
        backend=RedisBackend(url=os.environ[REDIS], namespace=RESULTS, use_namespace_prefix_keys=True),
        store_results=True,
    )
)
dramatiq.set_broker(broker)
task = dramatiq.actor(noop)


def send(count: int) -> None:
    """One message after the other."""
    for _ in range(count):
        task.send()


def send_one() -> None:
    """One message."""
    task.send(time.time())


def done() -> int:
    """Results in Redis."""
    return sum(1 for _ in shared_redis().scan_iter(f"{RESULTS}:*", count=10_000))
