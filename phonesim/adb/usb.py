"""What hangs at a machine's USB ports and what it is connected to, as its adb server lists it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from phonesim.adb.connection import Greeting
from phonesim.adb.port import AdbPort

DEVICE = "device"
NO_SERIAL = "(no serial number)"


@dataclass(slots=True)
class Transport:
    """One line of the list. `port`: the phone behind it, None for a line alone; `usb`: usb:1-4, '' in the network.

    `state`: adb's word, None for what the phone itself makes of it.
    """

    number: int
    name: str
    port: AdbPort | None
    usb: str = ""
    state: str | None = None
    plugged: bool = True
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> bool:
        """Does adb know of it? A phone in the network stays in the list, offline, until it is disconnected."""
        return self.plugged and (self.port is None or self.port.plugged or not self.usb)

    @property
    def now(self) -> str:
        """adb's word for its state."""
        if self.state is not None:
            return self.state
        if self.port is None or not self.port.plugged:
            return "offline"
        return DEVICE if self.port.greeting is Greeting.DEVICE else self.port.greeting.value

    def matches(self, target: str) -> bool:
        """Is it meant by `adb -s TARGET`? adb takes a serial, an address or a USB port."""
        return target in (self.name, self.usb) and target != ""

    def line(self, *, long: bool) -> str:
        """As `adb devices` shows it, or `adb devices -l`."""
        name = self.name or NO_SERIAL
        if not long:
            return f"{name}\t{self.now}\n"
        keys = {"product": "ro.product.name", "model": "ro.product.model", "device": "ro.product.device"}
        known = self.properties if self.now == DEVICE else {}
        about = [f"{word}:{known[key]}" for word, key in keys.items() if key in known]
        parts = [f"{name:<22} {self.now}", *([self.usb] if self.usb else []), *about, f"transport_id:{self.number}"]
        return " ".join(parts) + "\n"


def listing(transports: Sequence[Transport], *, long: bool) -> str:
    """All lines: USB first, then by name, as adb sorts them."""
    shown = sorted((one for one in transports if one.shown), key=lambda one: (not one.usb, one.name))
    return "".join(one.line(long=long) for one in shown)
