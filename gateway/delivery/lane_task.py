"""Deliver: a ticket names a lane; the worker sends its callbacks one after the other until none is due."""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from celery.signals import worker_shutting_down
from sqlalchemy import Engine

from gateway.delivery.lane_desk import LaneDesk
from gateway.delivery.lane_slots import Slots, most_threads
from gateway.delivery.send import DeliverySettings, send
from workers.app import app
from workers.dispatch.messages import DELIVER
from workers.runtime.process_engine import process_engine
from workers.settings import settings

log = logging.getLogger("phonefleet.deliver")

TURN_SECONDS = 20.0  # then the lane yields its thread to the next one
_stopping = threading.Event()


@worker_shutting_down.connect
def _stop(**_: object) -> None:
    _stopping.set()


@app.task(name=DELIVER, acks_late=False)
def deliver(lane: str, customer: str = "", count: int = 1) -> int:
    """Starts up to `count` senders for a lane, as many as its slots allow. Returns their number.

    The coordinator rings a lane that is not done.
    """
    return senders().start(lane, customer, count)


class Senders:
    """The threads of this process that send callbacks."""

    def __init__(self, engine: Engine, config: DeliverySettings, shared: int) -> None:
        self._engine = engine
        self._config = config
        self._slots = Slots(shared)
        self._threads = ThreadPoolExecutor(most_threads(shared), "send")  # it starts one when none is idle
        self._desks: dict[str, LaneDesk] = {}  # of the lanes at work
        self._lock = threading.Lock()
        self._ending = False

    def start(self, lane: str, customer: str, count: int) -> int:
        """Starts up to `count` threads for a lane. Returns the number started."""
        for started in range(count):
            with self._lock:
                if self._ending or not self._slots.enter(lane, customer):
                    return started
                desk = self._desks.get(lane)
                if desk is None:
                    more = partial(self.start, lane, customer)
                    desk = self._desks[lane] = LaneDesk(self._engine, lane, self._config, more)
                self._threads.submit(self._serve, lane, desk)
        return count

    @property
    def lanes(self) -> int:
        """Returns how many lanes are at work."""
        return len(self._desks)

    def finish(self) -> None:
        """Starts no more threads, and waits for the callbacks under way."""
        with self._lock:
            self._ending = True
        self._threads.shutdown()

    def _serve(self, lane: str, desk: LaneDesk) -> None:
        try:
            serve(self._engine, lane, self._config, desk=desk)
        except Exception:
            log.exception("a sender of the lane %s ended; the coordinator rings it again", lane)
        finally:
            with self._lock:
                if self._slots.leave(lane):
                    del self._desks[lane]


@cache
def senders() -> Senders:
    """Returns the senders of this process."""
    chosen = settings()
    config = DeliverySettings(
        chosen.delivery_timeout,
        chosen.delivery_schedule,
        chosen.callback_networks,
        random.Random(),
        chosen.callback_ca,
    )
    return Senders(process_engine(), config, chosen.deliveries_at_once)


def serve(
    engine: Engine, lane: str, config: DeliverySettings, turn: float = TURN_SECONDS, desk: LaneDesk | None = None
) -> int:
    """Sends due callbacks of a lane for up to `turn` seconds. Returns the number of tries.

    `desk` writes the result of a try and takes the next delivery; the threads of a lane share one.
    """
    until, tried = time.monotonic() + turn, 0
    desk = desk or LaneDesk(engine, lane, config)
    held = desk.visit(None, goes_on=True)
    while held is not None:
        result = send(held.sending, held.key, config)
        tried += 1
        if not result.arrived:
            log.warning("delivery %s, try %d: %s", held.sending.id, held.sending.attempts + 1, result.error)
        goes_on = time.monotonic() < until and not _stopping.is_set()
        held = desk.visit((held.sending, result), goes_on=goes_on)
    return tried
