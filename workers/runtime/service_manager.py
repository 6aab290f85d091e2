"""Tells the service manager (systemd) that this process is ready, alive or ending, as sd_notify(3) describes.

Without a service manager nothing is told.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from functools import cache

PULSE_SECONDS = 5.0  # between two signs of life; units give a process at least a minute
SEND_SECONDS = 1.0


class ServiceManager:
    """The manager that started this process, by what it left in the environment."""

    def __init__(self, address: str) -> None:
        """`address`: the path of a datagram socket, or an abstract one after `@`; empty: there is no manager."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._pulsed_at = float("-inf")

    def ready(self) -> None:
        """Tells that this process serves; the manager starts what waits for it."""
        self._tell("READY=1")

    def pulse(self) -> None:
        """Tells that the caller's loop goes round. Loops call it each time; every five seconds it is sent."""
        now = time.monotonic()
        if now - self._pulsed_at >= PULSE_SECONDS:
            self._pulsed_at = now
            self._tell("WATCHDOG=1")

    def ending(self) -> None:
        """Tells that this process ends because it was asked to."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # a manager that does not listen is no reason to fail
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(SEND_SECONDS)
            sock.sendto(state.encode(), self._address)


@cache
def service_manager() -> ServiceManager:
    """Returns the one of this process. Those that it starts have none: it alone answers for them."""
    return ServiceManager(os.environ.pop("NOTIFY_SOCKET", ""))
