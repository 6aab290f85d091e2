"""`wait-for-TRANSPORT-STATE` of the adb server: which transport is waited for, and is it there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from phonesim.adb.usb import Transport

WAIT_FOR = "wait-for-"
KINDS = {"usb": "device", "local": "emulator", "any": "device/emulator"}  # kind → adb's word for more than one
STATES = ("device", "recovery", "rescue", "sideload", "bootloader", "any", "disconnect")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`kind`: usb, local (in the network) or any; `target`: a name, '' for whichever there is."""

    kind: str
    state: str
    target: str = ""

    @classmethod
    def parse(cls, command: str, target: str) -> Self | str:
        """Read a request; adb's words of refusal where it is none."""
        kind, _, state = command.removeprefix(WAIT_FOR).partition("-")
        if kind not in KINDS:
            return f"unknown transport type: {kind}"
        if state not in STATES:
            return f"unknown state: {state}"
        return cls(kind, state, target)

    def met(self, transports: Sequence[Transport]) -> bool | str:
        """Is it so now? adb's words of refusal where more than one transport is meant."""
        found = [one for one in transports if one.shown and self._means(one)]
        if len(found) > 1:
            return f"more than one {KINDS[self.kind]}"
        if self.state == "disconnect":
            # one in the network goes offline and stays listed: adb connects it again
            return not found or (found[0].now == "offline" and not found[0].usb)
        return bool(found) and self.state in ("any", found[0].now)

    def _means(self, transport: Transport) -> bool:
        if self.target:
            return transport.matches(self.target)
        return self.kind == "any" or (self.kind == "usb") == bool(transport.usb)
