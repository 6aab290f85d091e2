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
from functools import partial
from threading import Event, Thread
from typing import Any, NoReturn

import billiard.util
from celery.exceptions import TaskPredicate
from celery.signals import task_failure, task_received, task_unknown, worker_ready
from sqlalchemy import Engine

from workers.app import app
from workers.came import ON_PURPOSE
from workers.hand import reach_phone
from workers.host.celery_worker import phone_worker
from workers.host.linux import end_with_parent
from workers.host.pulse import EVERY_SECONDS
from workers.host.slots import Slot, SlotState
from workers.ledger import adopt, ledger
from workers.persist import AWAY
from workers.ring import ring
from workers.seat import Seat, current_seat, take_seat
from workers.settings import settings
from workers.unclaimed import note_raised

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

    def raised(sender: Any, task_id: str, exception: BaseException, **_: object) -> None:
        if not isinstance(exception, (*ON_PURPOSE, TaskPredicate)):
            _count(task_id, sender.name, "ticket_error", f"{type(exception).__name__}: {exception}")

    def unknown(name: str, id: str, **_: object) -> None:  # noqa: A002 - Celery's word
        _count(id, name, "not_registered", f"no worker knows a task named {name!r}")

    task_received.connect(received, weak=False)
    worker_ready.connect(consuming, weak=False)
    task_failure.connect(raised, weak=False)
    task_unknown.connect(unknown, weak=False)


def _count(task_id: str, name: str, code: str, why: str) -> None:
    """A ticket led nowhere. While the ledger is away nothing is counted: the ticket is missed, and rung again."""
    try:
        ring(ledger(), note_raised(ledger(), task_id, name, code, f"{why} (worker {current_seat().name})"))
    except AWAY as error:
        log.warning("not counted that a ticket of %s raised: %s", task_id, getattr(error, "orig", error))


def _pulse(slot: Slot) -> None:
    """For as long as this process runs at all."""
    never = Event()
    while True:
        slot.pulse()
        never.wait(EVERY_SECONDS)


def _waits(slot: Slot) -> None:
    """It has begun, and waits for its broker: to its agent that is a worker at rest, and none that does not start."""
    if slot.state is SlotState.EMPTY:
        slot.rest()


def _consume(seat: Seat) -> int:
    """Run Celery's worker until it is told to end; its exit code."""
    Thread(target=_pulse, args=(seat.slot,), name="pulse", daemon=True).start()
    reach_phone(seat)  # whoever takes a ticket has its phone in hand
    serves_pool = None if seat.serial is None else lambda: seat.slot.serves_pool
    worker = phone_worker(app, seat.name, seat.queues, settings().heartbeat, serves_pool, partial(_waits, seat.slot))
    worker.start()
    return int(worker.exitcode or 0)
