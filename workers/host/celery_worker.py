"""The Celery worker of a phone, as its host makes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.app import trace
from celery.apps.worker import install_worker_term_handler
from celery.platforms import EX_FAILURE
from celery.signals import worker_ready
from celery.worker import WorkController, state

from workers.seat import POOL_QUEUE

log = logging.getLogger("phonefleet.worker")

LOOK_SECONDS = 0.25  # between two looks at whether the pool is open


class PhoneWorker(WorkController):  # type: ignore[misc]  # Celery has no types
    """Celery's worker without the trimmings of `celery worker`: no banner, no logging set-up, no process title.

    SIGTERM ends it after its task; no other signal means anything. (Celery's own set would have
    SIGHUP execute the zygote's program anew.)
    """

    serves_pool: Callable[[], bool] | None = None
    _was_deaf = False  # at the look before: in between a ticket may just be on its way in

    def on_init_blueprint(self) -> None:
        trace.setup_worker_optimizations(self.app, self.hostname)

    def on_start(self) -> None:
        super().on_start()
        install_worker_term_handler(self, verbose=False)

    def on_consumer_ready(self, consumer: Any) -> None:
        # the timer is emptied whenever the consumer starts anew
        if self.serves_pool is not None:
            consumer.timer.call_repeatedly(LOOK_SECONDS, _look_at_the_pool, (consumer, self.serves_pool))
        consumer.timer.call_repeatedly(LOOK_SECONDS, self._end_if_deaf, (consumer,))
        worker_ready.send(sender=consumer)

    def _end_if_deaf(self, consumer: Any) -> None:
        """End when no ticket can come any more; the host forks another worker.

        An answer to a ticket that timed out, in a Redis that hung, is not given again: for kombu the ticket is in
        hand for ever, and with a prefetch of one nothing follows it.
        """
        deaf = not state.reserved_requests and not consumer.task_consumer.channel.qos.can_consume()
        if deaf and self._was_deaf:
            log.error("a ticket could not be answered for, and no other would come: this worker ends")
            state.should_stop = EX_FAILURE
        self._was_deaf = deaf


def _look_at_the_pool(consumer: Any, serves_pool: Callable[[], bool]) -> None:
    """Leave the pool or join it again; in the thread that consumes, as Celery wants it."""
    wanted, serves = serves_pool(), consumer.task_consumer.consuming_from(POOL_QUEUE)
    if wanted and not serves:
        consumer.add_task_queue(POOL_QUEUE)
    elif serves and not wanted:
        consumer.cancel_task_queue(POOL_QUEUE)


def phone_worker(
    app: Celery, name: str, queues: Sequence[str], heartbeat: float, serves_pool: Callable[[], bool] | None = None
) -> Any:
    """A worker that serves `queues`, the first first, one task at a time; its heart beats every `heartbeat` seconds.

    `serves_pool` is asked several times a second whether it takes tickets from the pool as well.
    """
    worker = PhoneWorker(
        app=app,
        hostname=name,
        queues=list(queues),
        pool_cls="threads",  # it answers Flower and Redis while a task runs, in one process where prefork takes two
        concurrency=1,  # one phone, one hand
        without_gossip=True,  # every worker talking to every other is O(N²)
        without_mingle=True,
        heartbeat_interval=heartbeat,
    )
    worker.serves_pool = serves_pool
    return worker
