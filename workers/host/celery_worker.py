"""Makes the Celery worker of a phone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.app import trace
from celery.apps.worker import install_worker_term_handler
from celery.signals import worker_ready
from celery.worker import WorkController, state

from workers.runtime.broker import broker_of
from workers.runtime.kept_queues import LOOK_SECONDS, lost_queues, take_back
from workers.runtime.patient_consumer import PatientConsumer
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE

log = logging.getLogger("phonefleet.worker")

LOOK_AT_BROKER_SECONDS = 1.0  # when it failed: so its being well again is told


class PhoneWorker(WorkController):  # type: ignore[misc]  # Celery has no types
    """Celery's worker without the trimmings of `celery worker`: no banner, no logging set-up, no process title.

    SIGTERM ends it after its task; no other signal means anything. (Celery's own set would have
    SIGHUP execute the zygote's program anew.)
    """

    shared_queue = POOL_QUEUE
    serves_shared: Callable[[], bool] | None = None
    own_queues: Sequence[str] = ()  # all but the shared one: it never leaves them
    waits: Callable[[], object] = staticmethod(lambda: None)  # called when it begins to wait for its broker
    _was_ready = False
    _was_deaf = False  # at the look before: in between a ticket may just be on its way in

    def on_init_blueprint(self) -> None:
        trace.setup_worker_optimizations(self.app, self.hostname)

    def on_start(self) -> None:
        super().on_start()
        install_worker_term_handler(self, verbose=False)

    def on_consumer_ready(self, consumer: Any) -> None:
        # the timer is emptied whenever the consumer starts anew
        if self.serves_shared is not None:
            look = (consumer, self.shared_queue, self.serves_shared)
            consumer.timer.call_repeatedly(LOOK_SECONDS, _look_at_the_shared_queue, look)
        consumer.timer.call_repeatedly(LOOK_SECONDS, _keep_own_queues, (consumer, self.own_queues))
        consumer.timer.call_repeatedly(LOOK_SECONDS, self._begin_anew_if_deaf, (consumer,))
        consumer.timer.call_repeatedly(LOOK_SECONDS, consumer.send_events)  # so late Flower learns of a task
        consumer.timer.call_repeatedly(LOOK_AT_BROKER_SECONDS, _look_at_the_broker, (consumer,))
        worker_ready.send(sender=consumer)
        if not self._was_ready:  # later ones are told by the broker's being well again
            self._was_ready = True
            log.info("%s is at work", self.hostname)

    def _begin_anew_if_deaf(self, consumer: Any) -> None:
        """Connects anew when no ticket can come any more.

        An answer to a ticket that timed out, in a Redis that hung, is not given again: for kombu the ticket is in
        hand for ever, and with a prefetch of one nothing follows it.
        """
        deaf = not state.reserved_requests and not consumer.task_consumer.channel.qos.can_consume()
        was_deaf, self._was_deaf = self._was_deaf, deaf
        if deaf and was_deaf:
            self._was_deaf = False
            raise ConnectionError("an answer to a ticket timed out")


def _look_at_the_shared_queue(consumer: Any, queue: str, wants: Callable[[], bool]) -> None:
    """Leave the pool or the desk, or join it again; in the thread that consumes, as Celery wants it."""
    wanted, serves = wants(), consumer.task_consumer.consuming_from(queue)
    if wanted and not serves:
        consumer.add_task_queue(queue)
    elif serves and not wanted:
        consumer.cancel_task_queue(queue)


def _keep_own_queues(consumer: Any, own: Sequence[str]) -> None:
    """Takes back a queue that somebody cancelled, by Flower for instance.

    It leaves the pool for a moment, for queues are served in the order in which they are joined.
    """
    lost = lost_queues(consumer, own)
    if lost and consumer.task_consumer.consuming_from(POOL_QUEUE):
        consumer.cancel_task_queue(POOL_QUEUE)
    take_back(consumer, lost)


def _look_at_the_broker(consumer: Any) -> None:
    """Raises ConnectionError when it cannot be used: then the consumer waits for it."""
    known = broker_of(consumer.app)
    if known.trouble is not None and not known.look():
        raise ConnectionError("the broker does not do what it is asked")
    if known.trouble is None:
        known.close()


def phone_worker(
    app: Celery,
    name: str,
    queues: Sequence[str],
    heartbeat: float,
    serves_shared: Callable[[], bool] | None = None,
    waits: Callable[[], object] | None = None,
) -> Any:
    """Makes a worker that serves `queues`, the first one first, one task at a time; it sends a heartbeat event
    every `heartbeat` seconds.

    `serves_shared` is asked several times a second whether it takes tickets from the pool, or at the desk from there,
    as well; `waits` is called whenever the worker begins to wait for its broker.
    """
    worker = PhoneWorker(
        app=app,
        hostname=name,
        queues=list(queues),
        consumer_cls=PatientConsumer,
        pool_cls="threads",  # it answers Flower and Redis while a task runs, in one process where prefork takes two
        concurrency=1,  # one task at a time on one phone
        without_gossip=True,  # every worker talking to every other is O(N²)
        without_mingle=True,
        heartbeat_interval=heartbeat,
    )
    if serves_shared is not None:
        worker.shared_queue = DESK_QUEUE if DESK_QUEUE in queues else POOL_QUEUE
        worker.serves_shared = serves_shared
    worker.own_queues = tuple(queue for queue in queues if serves_shared is None or queue != worker.shared_queue)
    worker.waits = waits or worker.waits
    return worker
