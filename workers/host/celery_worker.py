"""The Celery worker of a phone, as its host makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import Celery
from celery.app import trace
from celery.apps.worker import install_worker_term_handler
from celery.signals import worker_ready
from celery.worker import WorkController


class PhoneWorker(WorkController):  # type: ignore[misc]  # Celery has no types
    """Celery's worker without the trimmings of `celery worker`: no banner, no logging set-up, no process title.

    SIGTERM ends it after its task; no other signal means anything. (Celery's own set would have
    SIGHUP execute the zygote's program anew.)
    """

    def on_init_blueprint(self) -> None:
        trace.setup_worker_optimizations(self.app, self.hostname)

    def on_start(self) -> None:
        super().on_start()
        install_worker_term_handler(self, verbose=False)

    def on_consumer_ready(self, consumer: Any) -> None:
        worker_ready.send(sender=consumer)


def phone_worker(app: Celery, name: str, queues: Sequence[str], heartbeat: float) -> Any:
    """A worker that serves `queues`, the first first, one task at a time; its heart beats every `heartbeat` seconds."""
    return PhoneWorker(
        app=app,
        hostname=name,
        queues=list(queues),
        pool_cls="threads",  # it answers Flower and Redis while a task runs, in one process where prefork takes two
        concurrency=1,  # one phone, one hand
        without_gossip=True,  # every worker talking to every other is O(N²)
        without_mingle=True,
        heartbeat_interval=heartbeat,
    )
