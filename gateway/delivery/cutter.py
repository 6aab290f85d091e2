"""Cuts the connections whose time is up: one thread for all of them, where a timer each would cost a thread a post."""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

IDLE_SECONDS = 60.0


class Wire:
    """The one connection of a post, which another thread may cut."""

    def __init__(self) -> None:
        self.cut = False
        self.connected = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None

    def hold(self, made: socket.socket) -> None:
        """Keeps a duplicate of the socket, for TLS takes the socket itself over."""
        with self._lock:
            self.connected = True
            self._handle = made.dup()
            if self.cut:
                _shut(self._handle)

    def check_whole(self) -> None:
        """Raises TimeoutError after a cut: truncated headers would look like an answer."""
        if self.cut:
            raise TimeoutError

    def time_is_up(self) -> None:
        """Cuts the connection, or the one that it will hold."""
        with self._lock:
            self.cut = True
            if self._handle is not None:
                _shut(self._handle)

    def release(self) -> None:
        """Gives up the duplicate."""
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None


class Cutter:
    """Watches wires, each until its own deadline."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Wire]] = []  # a heap; ended posts stay in it until their deadline
        self._running: set[int] = set()
        self._numbers = itertools.count()
        self._news = threading.Condition()
        threading.Thread(target=self._run, name="cutter", daemon=True).start()

    @contextmanager
    def watching(self, wire: Wire, until: float) -> Iterator[None]:
        """Cuts the wire at `until` (time.monotonic) unless the block has ended by then; releases it after the block."""
        number = next(self._numbers)
        with self._news:
            self._running.add(number)
            heapq.heappush(self._due, (until, number, wire))
            if self._due[0][1] == number:
                self._news.notify()
        try:
            yield
        finally:
            with self._news:
                self._running.remove(number)
            wire.release()

    def _run(self) -> None:
        while True:
            for wire in self._overdue():
                wire.time_is_up()

    def _overdue(self) -> list[Wire]:
        """Waits until a deadline has passed. Returns the wires to cut."""
        with self._news:
            left = self._due[0][0] - time.monotonic() if self._due else IDLE_SECONDS
            if left > 0:
                self._news.wait(left)
            late = []
            while self._due and self._due[0][0] <= time.monotonic():
                _, number, wire = heapq.heappop(self._due)
                if number in self._running:
                    late.append(wire)
            return late


@cache
def cutter() -> Cutter:
    """Returns the one of this process."""
    return Cutter()


def _shut(wire: socket.socket) -> None:
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already
        return
