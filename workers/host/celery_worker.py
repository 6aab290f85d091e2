"""Makes the Celery worker of a phone."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from celery import Celery
from celery.app import trace
from celery.apps.worker import install_worker_term_handler
from celery.signals import worker_ready
from celery.worker import WorkController, state

from workers.runtime.broker import broker_of
from workers.runtime.kept_queues import LOOK_SECONDS, lost_queues, take_back
from workers.runtime.patient_consumer import PatientConsumer
from workers.runtime.ticket_wait import ask_anew
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE

log = logging.getLogger("phonefleet.worker")

PHONE_LOOK_SECONDS = 1.0  # a pool that opens or closes waits for its host's report at least as long


class PhoneWorker(WorkController):  # type: ignore[misc]  # Celery has no types
    """Celery's worker without the trimmings of `celery worker`: no banner, no logging set-up, no process title.

    SIGTERM ends it after its task; no other signal means anything. (Celery's own set would have
    SIGHUP execute the zygote's program anew.)
    """

    shared_queue = POOL_QUEUE
    serves_shared: Callable[[], bool] | None = None
    look_seconds = PHONE_LOOK_SECONDS
    own_queues: Sequence[str] = ()  # all but the shared one: it never leaves them
    waits: Callable[[], object] = staticmethod(lambda: None)  # called when it begins to wait for its broker
    _signals: int | None = None
    _was_ready = False
    _was_deaf = False  # at the look before: in between a ticket may just be on its way in

    def on_init_blueprint(self) -> None:
        trace.setup_worker_optimizations(self.app, self.hostname)

    def on_start(self) -> None:
        super().on_start()
        install_worker_term_handler(self, verbose=False)

    def wake_by_signals(self) -> None:
        """Has a signal wake the loop that sleeps until its next timer: SIGTERM is answered at once."""
        self._signals, written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)

    def register_with_event_loop(self, hub: Any) -> None:
        super().register_with_event_loop(hub)
        if self._signals is not None:
            hub.add_reader(self._signals, self._take_signals)

    def _take_signals(self) -> None:
        with suppress(BlockingIOError):
            os.read(cast("int", self._signals), 4096)

    def on_consumer_ready(self, consumer: Any) -> None:
        _cycle(consumer)._binding_expiry_tref.cancel()  # kombu's timer for what `_look` does as well
        # the timer is emptied whenever the consumer starts anew
        consumer.timer.call_repeatedly(self.look_seconds, self._look, (consumer,))
        worker_ready.send(sender=consumer)
        if not self._was_ready:  # later ones are told by the broker's being well again
            self._was_ready = True
            log.info("%s is at work", self.hostname)

    def _look(self, consumer: Any) -> None:
        """Looks at all that may have changed, in one timer: each wakes the process, and a host has hundreds."""
        if self.serves_shared is not None:
            _look_at_the_shared_queue(consumer, self.shared_queue, self.serves_shared)
        _keep_own_queues(consumer, self.own_queues)
        _cycle(consumer).maybe_refresh_binding_expiry()
        consumer.send_events()  # so late Flower learns of a task
        self._begin_anew_if_deaf(consumer)
        _look_at_the_broker(consumer)

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


def _cycle(consumer: Any) -> Any:
    """kombu's part that asks Redis for all channels of the consumer's connection."""
    return consumer.task_consumer.channel.connection.cycle


def _look_at_the_shared_queue(consumer: Any, queue: str, wants: Callable[[], bool]) -> None:
    """Leave the pool or the desk, or join it again; in the thread that consumes, as Celery wants it."""
    wanted, serves = wants(), consumer.task_consumer.consuming_from(queue)
    if wanted and not serves:
        consumer.add_task_queue(queue)
    elif serves and not wanted:
        consumer.cancel_task_queue(queue)
    if wanted != serves:
        ask_anew(consumer)


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

    `serves_shared` is asked at least once a second whether it takes tickets from the pool, or at the desk from there,
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
        if DESK_QUEUE in queues:  # one that rested is to take a burst of quick tasks at once
            worker.shared_queue, worker.look_seconds = DESK_QUEUE, LOOK_SECONDS
        worker.serves_shared = serves_shared
    worker.own_queues = tuple(queue for queue in queues if serves_shared is None or queue != worker.shared_queue)
    worker.waits = waits or worker.waits
    return worker
