"""The task that benchmarks/dispatch.py has every worker do: nothing, or to say when it began.

`celery -A benchmarks.dispatch_task.rival worker` serves it without phonefleet.
"""

from __future__ import annotations

import os
import time
from functools import cache

from celery import Celery
from redis import Redis

from workers.desk import Desk
from workers.execution.register import desk_task

REDIS = "BENCH_DISPATCH_REDIS"  # the address of the broker, and of the list below
RESULTS = "BENCH_DISPATCH_RESULTS"  # the address of Celery's result backend
LATENCIES = "bench:latencies"  # a list in Redis: seconds from submission and from publication to the start, as text
PUBLISHED = "bench:published"  # when the newest ticket was published


@cache
def _redis() -> Redis:
    return Redis.from_url(os.environ[REDIS], socket_timeout=10)


def note_publication(redis: Redis) -> None:
    """Notes that a ticket is about to be published."""
    redis.set(PUBLISHED, time.time())


def tell_start(sent_at: float) -> None:
    """Notes how long the task was on its way, by the clock that all processes of a machine share."""
    now = time.time()
    published = float(str(_redis().get(PUBLISHED), "ascii"))  # type: ignore[arg-type]
    _redis().rpush(LATENCIES, f"{now - sent_at} {now - published}")


def noop(_desk: Desk, sent_at: float | None = None) -> None:
    """Do nothing; say when it began if `sent_at` tells when it was sent."""
    if sent_at is not None:
        tell_start(sent_at)


ours = desk_task(noop)


def make_rival(broker: str, results: str, *, durable: bool) -> Celery:
    """Returns Celery as it comes; `durable`: late acknowledgement, so that a worker's death loses no task."""
    made = Celery("rival", broker=broker, backend=results, set_as_current=False)
    made.conf.update(task_acks_late=durable, broker_connection_retry_on_startup=True)

    @made.task(name="noop", shared=False)
    def _noop(sent_at: float | None = None) -> None:
        if sent_at is not None:
            tell_start(sent_at)

    return made


rival = make_rival(
    os.environ.get(REDIS, ""), os.environ.get(RESULTS, ""), durable=os.environ.get(RESULTS, "").startswith("db+")
)
