"""The zygote: a process with a single thread that has imported everything and forks the workers.

It is a program of its own (`python -m workers.host.zygote`), not a fork of its agent: forked from
a process with threads, some workers never consume. It must never build a Celery Worker itself,
whose choice of queues would stay behind in every child.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import pkgutil
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if __name__ == "__main__":
    gc.disable()  # until all of it is imported: see workers/runtime/garbage.py

# hot_names comes before whatever brings names of its own
from workers.host import hot_names, worker_process, zygote_messages
from workers.host.heap_fill import fill_free_heap
from workers.host.immortal import make_immortal
from workers.host.warm_up import warm_up
from workers.runtime.linux import end_with_parent, merge_memory, why_ended
from workers.runtime.liveness import EVERY_SECONDS
from workers.runtime.log import set_up_logging
from workers.runtime.private_files import keep_files_private
from workers.runtime.slots import Slot, map_slots
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger("phonefleet.zygote")

# What a worker would import later, each for itself, is shared when it was imported here.
PRELOAD = (
    "workers.app", "workers.dispatch.tickets",
    "billiard.pool", "celery.app.amqp", "celery.app.control", "celery.app.events", "celery.app.log",
    "celery.apps.worker", "celery.backends.base", "celery.concurrency.thread", "celery.events.dispatcher",
    "celery.worker.autoscale", "celery.worker.components", "celery.worker.consumer", "celery.worker.control",
    "celery.worker.pidbox", "celery.worker.strategy",
    "kombu.transport.redis", "kombu.utils.eventio", "redis", "redis.asyncio",
    "sqlalchemy.orm", "lxml.etree", "uiautomator2", "adbutils", "encodings.idna", "concurrent.futures.thread",
)  # fmt: skip
NAMES = hot_names.INTERNED  # kept: a name that nobody has is not interned any more
DRIVERS = {"mysql": "sqlalchemy.dialects.mysql.mysqldb", "sqlite": "sqlalchemy.dialects.sqlite.pysqlite"}


class Zygote:
    """Forks a worker for each order and tells of each that ended."""

    def __init__(self, sock: socket.socket, slots: Sequence[Slot], engine: Engine) -> None:
        """The last of the slots is the zygote's own: for its pulse."""
        self._sock = sock
        self._engine = engine
        self._slots, self._heart = slots[:-1], slots[-1]
        self._alive: dict[int, str] = {}  # pid → incarnation
        self._pid = os.getpid()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)

    def serve(self) -> None:
        """Until the agent's end closes; workers end with the zygote."""
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._heart.pulse()
        self._heart.rest()
        zygote_messages.send(self._sock, zygote_messages.Ready(self._pid))
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(EVERY_SECONDS):
                    if key.fileobj is self._wake_read:
                        self._wake_read.recv(4096)
                    elif not self._handle(zygote_messages.receive(self._sock)):
                        return
                self._reap()
                self._heart.pulse()

    def _handle(self, order: zygote_messages.Message | None) -> bool:
        if isinstance(order, zygote_messages.Fork):
            self._fork(order)
        elif isinstance(order, zygote_messages.Signal):
            for pid, incarnation in self._alive.items():
                if incarnation == order.incarnation:
                    os.kill(pid, order.number)  # not reaped yet, so the pid is still its own
        return order is not None

    def _fork(self, order: zygote_messages.Fork) -> None:
        identity = WorkerIdentity(
            order.serial, order.address, order.adb_port, order.host, order.incarnation, self._slots[order.slot]
        )
        try:
            pid = os.fork()
        except OSError as error:
            zygote_messages.send(
                self._sock, zygote_messages.Died(order.incarnation, 0, f"could not be forked: {error}")
            )
            return
        if pid == 0:
            worker_process.live(
                identity, self._engine, self._pid, close=(self._sock, self._wake_read, self._wake_write)
            )
        self._alive[pid] = order.incarnation
        zygote_messages.send(self._sock, zygote_messages.Born(order.incarnation, pid))

    def _reap(self) -> None:
        """Reaps every ended worker; one signal may stand for several."""
        while self._alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            incarnation = self._alive.pop(pid, None)
            if incarnation is not None:
                zygote_messages.send(self._sock, zygote_messages.Died(incarnation, pid, why_ended(status)))


def preload() -> Engine:
    """Imports and warms up everything that a worker uses, and freezes it, so that garbage collection copies no page.

    Returns the engine that workers adopt.
    """
    gc.disable()
    backend = settings().database_url.partition(":")[0].partition("+")[0].replace("mariadb", "mysql")
    for name in (*PRELOAD, DRIVERS[backend], *_modules("flows")):
        importlib.import_module(name)
    app = importlib.import_module("workers.app").app
    app.loader.import_default_modules()
    app.finalize()
    engine = warm_up()
    gc.collect()
    make_immortal()
    fill_free_heap()
    gc.freeze()
    gc.enable()
    return engine


def offer_memory() -> None:
    """Lets the kernel merge equal pages of the workers, where the settings say so. A kernel that cannot is told of."""
    if settings().merge_memory and not merge_memory():
        log.warning("PHONEFLEET_MERGE_MEMORY changes nothing: this kernel cannot merge memory (Linux 6.4 with KSM can)")


def _modules(package: str) -> list[str]:
    """Returns the names of a package and all modules below it."""
    found = importlib.import_module(package)
    return [package, *(module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))]


def main(arguments: Sequence[str]) -> None:
    """`zygote.py PARENT SOCKET MEMORY COUNT`: the agent's pid, two inherited descriptors, the number of slots."""
    parent, sock_fd, memory_fd, count = map(int, arguments)
    end_with_parent(parent)
    keep_files_private()
    set_up_logging(settings(), "worker")
    sock = socket.socket(fileno=sock_fd)
    slots = map_slots(memory_fd, count)
    os.close(memory_fd)
    engine = preload()
    offer_memory()
    Zygote(sock, slots, engine).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
