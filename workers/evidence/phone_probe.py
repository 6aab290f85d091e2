"""Reads a phone for evidence, over a connection of its own.

The attempt's own connection may be in any state, and its limit is that of the whole task. This one has a limit for each
piece, and is closed when the evidence is collected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from flows.phone import PhoneError
from flows.screen import MOST_BYTES
from workers.phone.device import FleetDevice
from workers.phone.phone import DEPTH, U2Phone
from workers.phone.readings import Battery


class PhoneProbe(Protocol):
    """The phone's readings for evidence. Every method raises PhoneError."""

    def screenshot(self) -> bytes:
        """Returns the screen as JPEG."""

    def tree(self) -> str:
        """Returns the hierarchy dump as the UI server gave it."""

    def shell(self, command: str) -> str:
        """Returns the output of a shell command."""

    def battery(self) -> Battery:
        """Returns charge and temperature."""

    def app_version(self, package: str) -> str | None:
        """Returns the app's version; None when it is not installed."""

    def close(self) -> None:
        """Closes the connection."""


Reach = Callable[[Callable[[], float]], PhoneProbe]  # from the seconds that a call may still take


class PhoneWitness:
    """Implements PhoneProbe over adb. Starts a missing UI server again, because it is needed to read the screen."""

    def __init__(self, address: str, serial: str, adb_port: int, remaining: Callable[[], float]) -> None:
        self._device = FleetDevice(address, adb_port, remaining)
        self._phone = U2Phone(self._device, address, serial)

    def screenshot(self) -> bytes:
        return self._phone.screenshot()

    def tree(self) -> str:
        dump = self._device.jsonrpc.dumpWindowHierarchy(False, DEPTH)
        if not isinstance(dump, str) or not 0 < len(dump) <= MOST_BYTES:
            raise PhoneError("ui_server_lost", "the phone gave no UI tree", sent=True)
        return dump

    def shell(self, command: str) -> str:
        return str(self._device.shell(command).output)

    def battery(self) -> Battery:
        return self._phone.battery()

    def app_version(self, package: str) -> str | None:
        return self._phone.app_version(package)

    def close(self) -> None:
        self._device.release()
