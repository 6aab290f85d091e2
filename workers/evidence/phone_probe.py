"""The phone as evidence sees it: a connection of its own, which only reads.

The attempt's own connection may be in any state, and is bounded by the whole task. This one is
bounded piece by piece, and closed when the evidence is collected.
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
    """What evidence asks of a phone. Every method raises PhoneError."""

    def screenshot(self) -> bytes:
        """The screen as JPEG."""

    def tree(self) -> str:
        """The hierarchy dump, as the UI server gave it."""

    def shell(self, command: str) -> str:
        """What a shell command prints."""

    def battery(self) -> Battery:
        """Charge and temperature."""

    def app_version(self, package: str) -> str | None:
        """The app's version; None when it is not installed."""

    def close(self) -> None:
        """Let go of the phone."""


Reach = Callable[[Callable[[], float]], PhoneProbe]  # from the seconds that a call may still take


class PhoneWitness:
    """Fulfils Witness over adb. A UI server that is gone is started again: Android shows no screen without one."""

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
