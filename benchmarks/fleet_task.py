"""The task that benchmarks/fleet.py has every worker do, ours and stock alike."""

from __future__ import annotations

import json
import os

from celery.signals import task_failure, worker_process_init
from redis import Redis

import workers.tasks  # noqa: F401 - what a worker serves; it is part of its memory
from models.fleet.logins import account_seen
from workers.app import app
from workers.execution.identify_account import identify
from workers.execution.worker import Worker, current_worker, set_worker
from workers.runtime.process_engine import process_engine
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

LOOK = "bench.look"
FAILED = "bench:failed"  # a list in Redis: why a task failed
STOCK_PHONE = "BENCH_STOCK_PHONE"  # JSON: serial, address, adb_port

_kept: list[bytes] = []


@app.task(name=LOOK)
def look() -> None:
    """Read the logged-in account from the app and write it into the ledger; keep one screenshot."""
    worker = current_worker()
    account, serial = identify(worker), worker.identity.serial or ""
    if account is None:
        raise RuntimeError(f"{serial} does not tell who is logged in")
    account_seen(worker.engine, serial, account.id, account.name)  # a look leaves a known one to the host agent
    if not _kept:
        _kept.append(worker.connection.connect().screenshot())


def _tell(exception: BaseException | None = None, **_: object) -> None:
    with Redis.from_url(settings().redis_url, socket_timeout=5) as redis:
        redis.rpush(FAILED, str(exception))


def _set_stock_worker(**_: object) -> None:
    """A stock worker has no host agent: the identity of its pool process comes from the environment."""
    told = os.environ.get(STOCK_PHONE)
    if told:
        place = json.loads(told)
        serial = place["serial"]
        identity = WorkerIdentity(serial, place["address"], place["adb_port"], "stock", serial, own_slot())
        set_worker(Worker.of(identity, process_engine(), settings()))


task_failure.connect(_tell, weak=False)
worker_process_init.connect(_set_stock_worker, weak=False)
