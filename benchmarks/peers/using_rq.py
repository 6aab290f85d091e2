"""RQ, with its results in Redis."""

from __future__ import annotations

import time

from rq import Queue

from benchmarks.peers.start import noop, shared_redis

queue = Queue(connection=shared_redis())


def send(count: int) -> None:
    """One job after the other."""
    for _ in range(count):
        queue.enqueue(noop)


def send_one() -> None:
    """One job."""
    queue.enqueue(noop, time.time())


def done() -> int:
    """Jobs that RQ keeps as finished."""
    return int(queue.finished_job_registry.count)
