"""What benchmarks/dispatch.py compares: phonefleet's workers, and Celery's with two result backends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

from celery import Celery, group
from redis import Redis as Client
from sqlalchemy import Engine, func, select, text

from benchmarks.dispatch_task import RESULTS, make_rival, ours
from benchmarks.peers.start import REDIS, note_publication
from models.database.engine import connect
from models.migrate import upgrade
from models.tables import Task
from models.tasks.states import ENDED
from models.transactions.read_write import read
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, HOST, Processes
from tests.support.fleet import reach_redis
from tests.support.host.shelf import celery_for
from tests.support.poll import wait_until
from workers.dispatch.tickets import publish
from workers.planting.submit import submit
from workers.runtime.linux import bound_to_me

START_SECONDS, STOP_SECONDS = 120.0, 60.0
RESULT_KEYS = "celery-task-meta-*"


class Side(Protocol):
    """Something with workers that do tasks."""

    def send(self, count: int) -> None:
        """Hand over so many tasks."""

    def send_one(self) -> None:
        """Hand over one task that says when it began."""

    def done(self) -> int:
        """How many tasks ended so far."""


class Phonefleet:
    """Workers at the desk: they claim and record as a phone's worker does, and touch no phone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def send(self, count: int) -> None:
        """Plant one campaign of so many tasks."""
        submit(group(ours.si() for _ in range(count)), name="bench")

    def send_one(self) -> None:
        """Plant one task; this process also publishes its ticket."""
        submit(ours.si(time.time()), name="bench")

    def done(self) -> int:
        """How many tasks ended, by the ledger."""
        ended = select(func.count()).select_from(Task).where(Task.state.in_(sorted(ENDED)))
        return read(self._engine, lambda session: session.scalar(ended)) or 0


class Stock:
    """Celery's own workers. Where results lie in Redis, they go with the broker; in a database, they stay."""

    def __init__(self, app: Celery, redis: Client, ended: Callable[[], int]) -> None:
        self._task = app.tasks["noop"]
        self._redis = redis
        self.done = ended

    def send(self, count: int) -> None:
        """Publish so many messages, one after the other, as callers do."""
        for _ in range(count):
            self._task.apply_async()

    def send_one(self) -> None:
        """Publish one message."""
        note_publication(self._redis)
        self._task.apply_async((time.time(),))


@contextmanager
def phonefleet(folder: Path, database: str, redis: str, workers: int) -> Iterator[Phonefleet]:
    """A coordinator and a host with so many workers at the desk, until the block ends."""
    env = {
        "PHONEFLEET_DATABASE_URL": database,
        "PHONEFLEET_REDIS_URL": redis,
        "PHONEFLEET_ADB_PORT": str(free_port()),
        "PHONEFLEET_ADB_USB": "0",
        "PHONEFLEET_VAR": str(folder),
        "PHONEFLEET_TASKS": "benchmarks.dispatch_task",
        "PHONEFLEET_DESKS": str(workers),
        "PHONEFLEET_LOG": "WARNING",
        REDIS: redis,
    }
    os.environ.update(env)
    reach_redis(redis)
    engine = connect(database)
    upgrade(engine)
    with Processes(folder / "log", env) as processes, Client.from_url(redis, socket_timeout=10) as client:
        processes.start(COORDINATOR)
        processes.start(HOST)
        _wait_for(workers, redis)
        with _noted_publish(client):
            yield Phonefleet(engine)
    engine.dispose()


def _wait_for(workers: int, redis: str) -> None:
    """Until so many workers answer. Celery's own begin with a task when all of theirs have begun, too."""
    with celery_for(redis) as app:
        answering = partial(app.control.ping, timeout=1.0)
        wait_until(lambda: len(answering()) == workers, START_SECONDS, f"{workers} workers at the desk", every=0.5)


def _noted_publish(redis: Client) -> AbstractContextManager[Any]:
    """Notes each publication of this process's tickets until the block ends."""

    def noted(*arguments: Any, **options: Any) -> int:
        note_publication(redis)
        return publish(*arguments, **options)

    return patch("workers.dispatch.ring.publish", noted)


@contextmanager
def stock(redis: str, database: str | None, workers: int) -> Iterator[Stock]:
    """So many stock workers. `database`: keep results there, and acknowledge late; else in Redis."""
    results = redis if database is None else f"db+{database}"
    app = make_rival(redis, results, durable=database is not None)
    if database is not None:
        app.backend.ResultSession().close()  # makes its tables
    worker = subprocess.Popen(
        bound_to_me(
            [
                *(sys.executable, "-m", "celery", "-A", "benchmarks.dispatch_task:rival", "worker"),
                *("-c", str(workers), "-P", "prefork", "-l", "ERROR"),
            ]
        ),
        env={**os.environ, REDIS: redis, RESULTS: results, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,  # its banner
    )
    try:
        with Client.from_url(redis, socket_timeout=10) as client, _counting(client, database) as ended:
            yield Stock(app, client, ended)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(STOP_SECONDS)
        app.close()


@contextmanager
def _counting(redis: Client, database: str | None) -> Iterator[Callable[[], int]]:
    """Gives a function that counts results."""
    if database is None:
        yield lambda: sum(1 for _ in redis.scan_iter(RESULT_KEYS, count=10_000))
        return
    engine = connect(database)
    count = text("SELECT COUNT(*) FROM celery_taskmeta WHERE status = 'SUCCESS'")

    def rows() -> int:
        with engine.connect() as connection:
            return int(connection.execute(count).scalar_one())

    yield rows
    engine.dispose()
