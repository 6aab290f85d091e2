"""Who sends to a stock fleet and waits for no result: its results are not subscribed to.

A result that is waited for, as each part of a group is, speaks to Redis again when it is forgotten,
which is long after the fleet's Redis has gone.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.backends.redis import RedisBackend

from benchmarks.stock import make_app


class SendOnly(RedisBackend):  # type: ignore[misc]
    """Celery's Redis backend, which counts chords and watches nothing."""

    def on_task_call(self, producer: Any, task_id: str) -> None:
        """A task is sent."""

    def add_pending_result(self, result: Any, weak: bool = False, start_drainer: bool = True) -> Any:
        """A result would be waited for."""
        return result


def sender(url: str) -> Celery:
    """Stock Celery with Redis at `url`, to send with."""
    return make_app(url, f"{__name__}:{SendOnly.__name__}+{url}")
