"""A Celery consumer that waits for its broker, whatever keeps that away, while the task that runs goes on.

Celery's own takes what Redis answers to a command (full, read-only, cannot save) for a defect: the worker dies, and
the task that runs with it. It waits up to 30 s between two tries, too, and one message that is no ticket ends it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from billiard.common import restart_state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from redis.exceptions import RedisError

from workers.runtime.broker import BROKER_ERRORS, LOOK_SECONDS, broker_of
from workers.runtime.service_manager import service_manager
from workers.runtime.ticket_wait import wait_long

log = logging.getLogger("phonefleet.worker")

NAP_SECONDS = 0.25  # between two looks at whether the worker is to end
RESTARTS = 10**6  # in a second: this consumer rests before each by itself


class PatientConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's consumer; `broker away` is one state to it."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # after these it begins anew
        self.connection_errors: tuple[type[BaseException], ...] = (*self.conninfo.connection_errors, *BROKER_ERRORS)
        self._restart_state = restart_state(maxR=RESTARTS, maxT=1)
        self._broker = broker_of(self.app)
        self._began_at = 0.0
        self._has_events = False

    def on_send_event_buffered(self) -> None:
        """Leaves an event of a task to `send_events`: Celery's own publishes each by itself."""
        self._has_events = True

    def send_events(self) -> None:
        """Publishes the events of tasks that came since the last call, with one message for all."""
        if self._has_events and self.event_dispatcher is not None:
            self._has_events = False
            self.event_dispatcher.flush()

    def ensure_connected(self, conn: Any) -> Any:
        """Connect as soon as the broker takes tickets. Raises WorkerShutdown when the worker is told to end."""
        while True:
            self._wait()
            wait_long(conn)
            try:
                conn.ensure_connection(
                    max_retries=1, interval_start=0, interval_step=0, reraise_as_library_errors=False
                )
            except (*self.connection_errors, *self.channel_errors) as error:
                self._broker.failed(error)
                continue
            self.first_connection_attempt = False
            return conn

    def _wait(self) -> None:
        """While the broker is away; each look is a second after the one before."""
        if self._broker.reachable:
            return
        getattr(self.controller, "waits", lambda: None)()
        while not self._broker.look():
            self._nap()
        self._broker.close()

    def _nap(self) -> None:
        until = time.monotonic() + LOOK_SECONDS
        while (left := until - time.monotonic()) > 0:
            maybe_shutdown()
            service_manager().pulse()
            time.sleep(min(NAP_SECONDS, left))

    def on_connection_error_before_connected(self, exc: BaseException) -> None:
        self._note(exc)

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        self._note(exc)
        super().on_connection_error_after_connected(exc)

    def _note(self, error: BaseException) -> None:
        """A failure right after the one before is rested for: what a look does not find must not be met in a spin."""
        self._broker.failed(error)
        if time.monotonic() - self._began_at < LOOK_SECONDS:
            self._nap()
        self._began_at = time.monotonic()

    def call_soon_ack(self, p: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return super().call_soon_ack(partial(self._answer, p), *args, **more)

    def _answer(self, answer: Callable[..., Any], *args: Any, **more: Any) -> None:
        """Answer for a ticket: over the connection that there is now, when the ticket came by an earlier one."""
        message = getattr(answer, "__self__", None)
        channel = getattr(message, "channel", None)
        if message is None or channel is None or channel.connection is not None:
            answer(*args, **more)
            return
        now = self.task_consumer.channel if self.task_consumer is not None else None
        if now is not None and now.connection is not None and hasattr(now.qos, "_remove_from_indices"):
            now.qos._remove_from_indices(message.delivery_tag).execute()

    def create_task_handler(self, *args: Any, **more: Any) -> Callable[[Any], Any]:
        handle = super().create_task_handler(*args, **more)

        def received(message: Any) -> Any:
            try:
                return handle(message)
            except Exception as error:  # a message may hold anything
                if isinstance(error, RedisError | OSError):
                    raise
                log.warning("a message that is no ticket is thrown away: %s: %s", type(error).__name__, error)
                return message.reject_log_error(log, self.connection_errors)

        return received
