"""Sets up a forked worker: drops the zygote's resources, sets this process's worker, runs Celery's consumer."""

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
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import Any, NoReturn

import billiard.util
from celery.exceptions import TaskPredicate
from celery.signals import task_failure, task_received, task_unknown, worker_ready
from sqlalchemy import Engine

from workers.app import app
from workers.attempts.unclaimed_tickets import note_raised
from workers.dispatch.celery_state import ON_PURPOSE
from workers.dispatch.ring import ring
from workers.execution.worker import Worker, set_worker
from workers.host.celery_worker import phone_worker
from workers.runtime.db_retry import AWAY
from workers.runtime.linux import end_with_parent
from workers.runtime.liveness import EVERY_SECONDS
from workers.runtime.process_engine import adopt
from workers.runtime.slots import Slot, SlotState
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

log = logging.getLogger("phonefleet.worker")


def live(identity: WorkerIdentity, engine: Engine, zygote: int, close: Iterable[socket.socket]) -> NoReturn:
    """Runs a worker from its fork to its end. Never returns into the zygote's code."""
    code = 1
    try:
        _leave_zygote(zygote, close)
        adopt(engine)
        worker = Worker.of(identity, engine, settings())
        set_worker(worker)
        _watch_tickets(worker)
        code = _consume(worker)
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


def _watch_tickets(worker: Worker) -> None:
    slot = worker.identity.slot

    def received(request: Any, **_: object) -> None:
        slot.take_ticket(request.message.delivery_tag)

    def consuming(sender: Any, **_: object) -> None:
        slot.rest()
        worker.events.dispatcher = sender.event_dispatcher  # a new one each time that it connects

    def raised(sender: Any, task_id: str, exception: BaseException, **_: object) -> None:
        if not isinstance(exception, (*ON_PURPOSE, TaskPredicate)):
            _count(worker, task_id, sender.name, "ticket_error", f"{type(exception).__name__}: {exception}")

    def unknown(name: str, id: str, **_: object) -> None:  # noqa: A002 - Celery's word
        _count(worker, id, name, "not_registered", f"no worker knows a task named {name!r}")

    task_received.connect(received, weak=False)
    worker_ready.connect(consuming, weak=False)
    task_failure.connect(raised, weak=False)
    task_unknown.connect(unknown, weak=False)


def _count(worker: Worker, task_id: str, name: str, code: str, why: str) -> None:
    """A ticket led nowhere. While the ledger is away nothing is counted: the ticket is missed, and rung again."""
    try:
        said = f"{why} (worker {worker.identity.name})"
        ring(worker.engine, note_raised(worker.engine, task_id, name, code, said))
    except AWAY as error:
        log.warning("not counted that a ticket of %s raised: %s", task_id, getattr(error, "orig", error))


def _pulse(slot: Slot) -> None:
    """Signals liveness for as long as this process runs."""
    never = Event()
    while True:
        slot.pulse()
        never.wait(EVERY_SECONDS)


def _waits(slot: Slot) -> None:
    """Marks a worker that waits for its broker as at rest, lest its agent takes it for one that never starts."""
    if slot.state is SlotState.EMPTY:
        slot.rest()


def _reach_ledger(engine: Engine) -> None:
    """Connects to the ledger before the first ticket; a worker of a phone does so when it reads who is logged in."""
    with suppress(*AWAY), engine.connect():
        pass


def _consume(worker: Worker) -> int:
    """Runs Celery's worker until it is told to end. Returns its exit code."""
    one, slot = worker.identity, worker.identity.slot
    Thread(target=_pulse, args=(slot,), name="pulse", daemon=True).start()
    worker.connection.connect_ahead()  # a worker that takes a ticket is connected to its phone
    if one.serial is None:
        _reach_ledger(worker.engine)
    serves = (lambda: not slot.rests) if one.serial is None else (lambda: slot.serves_pool)
    consumer = phone_worker(app, one.name, one.queues, worker.settings.heartbeat, serves, partial(_waits, slot))
    consumer.wake_by_signals()
    consumer.start()
    return int(consumer.exitcode or 0)
