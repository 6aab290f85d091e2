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
import warnings
from collections.abc import Iterable
from typing import Any, NoReturn

import billiard.util
from celery.apps.worker import Worker, install_worker_term_handler
from celery.platforms import SecurityWarning
from celery.signals import task_received, worker_ready

from workers.app import app
from workers.host.linux import end_with_parent
from workers.seat import Seat, current_seat, take_seat
from workers.settings import settings

log = logging.getLogger("phonefleet.worker")


class PhoneWorker(Worker):  # type: ignore[misc]  # Celery has no types
    """Celery's worker as a child: SIGTERM ends it after its task; no other signal means anything.

    Celery's own set would have SIGHUP execute the zygote's program anew.
    """

    def install_platform_tweaks(self, worker: Worker) -> None:
        install_worker_term_handler(worker, verbose=False)


def live(seat: Seat, zygote: int, close: Iterable[socket.socket]) -> NoReturn:
    """The whole life of a worker, from its fork to its end. Never returns into the zygote's code."""
    code = 1
    try:
        _leave_zygote(zygote, close)
        take_seat(seat)
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


def _consume(seat: Seat) -> int:
    """Run Celery's worker until it is told to end; its exit code."""
    # Celery warns whoever works as root (as in most containers) of unpickling; here only JSON is read.
    warnings.simplefilter("ignore", SecurityWarning)
    worker = PhoneWorker(
        app=app,
        hostname=seat.name,
        queues=list(seat.queues),
        pool="threads",
        concurrency=1,
        without_gossip=True,
        without_mingle=True,
        heartbeat_interval=settings().heartbeat,
        loglevel="WARNING",
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
