"""Processes that are not this one's children, followed by descriptors (pidfds): a pid may be another's tomorrow."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from threading import Lock


class Processes:
    """A set of processes; any thread may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._descriptors: dict[int, int] = {}  # pid → pidfd

    def add(self, pid: int) -> None:
        """Adds a living process; ignores one that has ended."""
        with self._lock, suppress(ProcessLookupError):
            self._close(pid)
            self._descriptors[pid] = os.pidfd_open(pid)

    def discard(self, pid: int) -> None:
        """Removes a process."""
        with self._lock:
            self._close(pid)

    def clear(self) -> None:
        """Removes every process."""
        with self._lock:
            for pid in list(self._descriptors):
                self._close(pid)

    def wait_ended(self, seconds: float) -> bool:
        """Waits at most that long until all have ended. Returns whether they have."""
        until = time.monotonic() + seconds
        with self._lock:
            poll = select.poll()
            waiting = set(self._descriptors.values())
            for descriptor in waiting:
                poll.register(descriptor, select.POLLIN)
            while waiting and (left := until - time.monotonic()) > 0:
                for descriptor, _ in poll.poll(left * 1000):
                    poll.unregister(descriptor)
                    waiting.discard(descriptor)
            return not waiting

    def _close(self, pid: int) -> None:
        descriptor = self._descriptors.pop(pid, None)
        if descriptor is not None:
            os.close(descriptor)
