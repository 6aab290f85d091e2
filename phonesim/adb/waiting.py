"""`wait-for-TRANSPORT-STATE` of the adb server: which transport is waited for, and is it there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from phonesim.adb.request import KINDS, Target
from phonesim.adb.usb import Transport

WAIT_FOR = "wait-for-"
STATES = ("device", "recovery", "rescue", "sideload", "bootloader", "any", "disconnect")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`state`: one of STATES."""

    target: Target
    state: str

    @classmethod
    def parse(cls, command: str, target: Target) -> Self | str:
        """Read a request; adb's words of refusal where it is none."""
        word, _, state = command.removeprefix(WAIT_FOR).partition("-")
        kind = next((kind for kind in KINDS if kind == word), None)
        if kind is None:
            return f"unknown transport type: {word}"
        if state not in STATES:
            return f"unknown state: {state}"
        return cls(Target(kind) if target.kind == "any" else target, state)

    def met(self, transports: Sequence[Transport]) -> bool | str:
        """Is it so now? adb's words of refusal where more than one transport is meant."""
        found = [one for one in transports if one.shown and self.target.means(one)]
        if len(found) > 1:
            return self.target.many
        if self.state == "disconnect":
            # one in the network goes offline and stays listed: adb connects it again
            return not found or (found[0].now == "offline" and not found[0].usb)
        return bool(found) and self.state in ("any", found[0].now)
