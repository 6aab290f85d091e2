"""The tasks that drawn canvases are made of. They run in Celery, eager or in a worker, and in run_plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from celery import Celery
from celery._state import get_current_app

CALLS_KEY = "canvas-tests-calls"

Record = Callable[[str], None]


class AsAskedError(RuntimeError):
    """What the task `fail` raises."""


def call_text(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """One call as text that is equal when task, arguments and their order are equal."""
    return json.dumps([task, list(args), dict(kwargs)], sort_keys=True)


def digest(*args: Any, **kwargs: Any) -> str:
    """A short text that depends on every argument and on its place."""
    return hashlib.blake2b(call_text("work", args, kwargs).encode(), digest_size=6).hexdigest()


def refuse_to_work(*_args: Any, **_kwargs: Any) -> None:
    """Fail, whatever the arguments."""
    raise AsAskedError("as asked")


# The same functions for run_plan, which writes the calls down itself.
TABLE = {"work": digest, "fail": refuse_to_work, "note": digest}


def make_app(record: Record, **settings: Any) -> Celery:
    """A Celery app with the tasks `work`, `fail` and `note`, which give each call's text to `record`."""
    app = Celery("canvas-tests", set_as_current=False)
    app.conf.update(worker_hijack_root_logger=False, worker_prefetch_multiplier=1, **settings)

    @app.task(name="work", shared=False)
    def work(*args: Any, **kwargs: Any) -> str:
        record(call_text("work", args, kwargs))
        return digest(*args, **kwargs)

    @app.task(name="fail", shared=False)
    def fail(*args: Any, **kwargs: Any) -> None:
        record(call_text("fail", args, kwargs))
        refuse_to_work()

    @app.task(name="note", shared=False)
    def note(first: Any, label: int) -> str:
        # One argument besides its own: Celery calls such an errback with the id of the task that failed.
        record(call_text("note", [first, label], {}))
        return digest(first, label)

    return app


def redis_recorder(url: str) -> Record:
    """Writes calls to a list in Redis, for tasks that run in a worker."""
    client = redis.Redis.from_url(url)

    def record(text: str) -> None:
        client.rpush(CALLS_KEY, text)

    return record


@contextmanager
def current(app: Celery) -> Iterator[Celery]:
    """Celery's current app for a while: an empty group has no task to find its app by."""
    before = get_current_app()
    app.set_current()
    try:
        yield app
    finally:
        before.set_current()
