"""Tasks for the tests of the host: they leave their traces in Redis and obey their slot."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any, cast

from celery.exceptions import Reject
from redis import Redis

from workers.app import app
from workers.execution.worker import current_worker
from workers.runtime.slots import Slot, Stop
from workers.settings import settings

LIMIT = 120.0
LEASE = 60.0


def _redis() -> Redis:
    return Redis.from_url(settings().redis_url, socket_timeout=5)


def _trace(redis: Redis, task: Any, what: str) -> None:
    redis.rpush("trace", f"{what} {task.request.id} {current_worker().identity.name}")


@app.task(bind=True, name="sample.quick")
def quick(self: Any) -> None:
    """Leave a trace."""
    _trace(_redis(), self, "done")


@app.task(bind=True, name="sample.step")
def step(self: Any) -> None:
    """Leave a trace of the priority that the ticket came with."""
    _trace(_redis(), self, f"step:{self.request.delivery_info['priority']}")


@app.task(bind=True, name="sample.last_word")
def last_word(self: Any, server: int, seconds: float) -> None:
    """Leave a trace and let Redis hang, once, so that the answer to the ticket meets nobody."""
    redis = _redis()
    _trace(redis, self, "done")
    if not redis.set("hung before", 1, nx=True):
        return
    subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -CONT {server}"], start_new_session=True)
    os.kill(server, signal.SIGSTOP)


@app.task(bind=True, name="sample.long")
def long(self: Any) -> None:
    """Hold the phone, with a lease, until the list `go` lets it; leave it when the slot asks to.

    The keys `hard` and `lease` hold other seconds than LIMIT and LEASE.
    """
    redis, identity, now = _redis(), current_worker().identity, time.monotonic()
    redis.hset("leases", identity.incarnation, self.request.id)
    redis.hsetnx("first", self.request.id, identity.incarnation)
    redis.set("pid", os.getpid())
    limit = float(cast("bytes | None", redis.get("hard")) or LIMIT)
    lease = float(cast("bytes | None", redis.get("lease")) or LEASE)
    identity.slot.begin(self.request.id, 1, lease_until=now + lease, hard_limit=now + limit)
    try:
        _trace(redis, self, "began")
        _hold(redis, self, identity.slot)
    finally:
        redis.hdel("leases", identity.incarnation)
        identity.slot.rest()


def _hold(redis: Redis, task: Any, slot: Slot) -> None:
    while not redis.blmove("go", "gone", 0.05):  # type: ignore[arg-type]  # fractions are fine since Redis 6
        slot.at_step("waits")
        if (why := slot.stop) and not redis.exists("stubborn"):
            _trace(redis, task, f"left:{why.name}")
            if why & Stop.DRAIN:
                raise Reject("handed back", requeue=True)
            return
    _trace(redis, task, "done")
