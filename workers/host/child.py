"""What a forked worker does before Celery runs in it: leave the zygote's things, sit down, consume."""

from __future__ import annotations

import gc
import logging
import multiprocessing.util
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterable
from threading import Event, Thread
from typing import Any, NoReturn

import billiard.util
from celery.signals import task_received, worker_ready
from sqlalchemy import Engine

from workers.app import app
from workers.hand import reach_phone
from workers.host.celery_worker import phone_worker
from workers.host.linux import end_with_parent
from workers.host.pulse import EVERY_SECONDS
from workers.host.slots import Slot
from workers.ledger import adopt
from workers.seat import Seat, current_seat, take_seat
from workers.settings import settings

log = logging.getLogger("phonefleet.worker")


def live(seat: Seat, engine: Engine, zygote: int, close: Iterable[socket.socket]) -> NoReturn:
    """The whole life of a worker, from its fork to its end. Never returns into the zygote's code."""
    code = 1
    try:
        _leave_zygote(zygote, close)
        take_seat(seat)
        adopt(engine)
        _watch_tickets()
        code = _consume(seat)
    except BaseException:  # noqa: BLE001  # a stray exception must not run on into the zygote's code
        traceback.print_exc()
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _leave_zygote(zygote: int, close: Iterable[socket.socket]) -> None:
    end_with_parent(zygote)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for sock in close:
        sock.close()
    # os.fork skips what multiprocessing does in its own children; kombu (by way of billiard) and
    # redis drop inherited connections there.
    for util in (multiprocessing.util, billiard.util):
        util._finalizer_registry.clear()
        util._run_after_forkers()
    gc.enable()


def _watch_tickets() -> None:
    def received(request: Any, **_: object) -> None:
        current_seat().slot.take_ticket(request.message.delivery_tag)

    def consuming(**_: object) -> None:
        current_seat().slot.rest()

    task_received.connect(received, weak=False)
    worker_ready.connect(consuming, weak=False)


def _pulse(slot: Slot) -> None:
    """For as long as this process runs at all."""
    never = Event()
    while True:
        slot.pulse()
        never.wait(EVERY_SECONDS)


def _consume(seat: Seat) -> int:
    """Run Celery's worker until it is told to end; its exit code."""
    Thread(target=_pulse, args=(seat.slot,), name="pulse", daemon=True).start()
    reach_phone(seat)  # whoever takes a ticket has its phone in hand
    serves_pool = None if seat.serial is None else lambda: seat.slot.serves_pool
    worker = phone_worker(app, seat.name, seat.queues, settings().heartbeat, serves_pool)
    worker.start()
    return int(worker.exitcode or 0)
