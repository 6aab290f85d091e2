"""What a client asks of an adb server, and which transport it means (docs/dev/services.md of adb)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from phonesim.adb.usb import DEVICE, Transport

Kind: TypeAlias = Literal["any", "usb", "local", "serial", "id"]
KINDS: Sequence[Kind] = ("any", "usb", "local")
# a serial may hold colons, and so may what follows: these names part them
_OF_SERIAL = re.compile(
    r"(?P<serial>.+?):(?P<rest>(?:get-state|get-serialno|get-devpath|features|list-forward|forward:|killforward|wait-for-).*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Target:
    """`kind`: any, usb, local (in the network), serial (`name`: a serial, address or USB port) or id (its number)."""

    kind: Kind = "any"
    name: str = ""

    def means(self, transport: Transport) -> bool:
        """Is it this one, or one of these?"""
        match self.kind:
            case "serial":
                return transport.matches(self.name)
            case "id":
                return self.name == str(transport.number)
            case "any":
                return True
        return (self.kind == "usb") == bool(transport.usb)

    @property
    def many(self) -> str:
        """adb's words where more than one is meant."""
        return {"any": "more than one device/emulator", "local": "more than one emulator"}.get(
            self.kind, "more than one device"
        )

    @property
    def none(self) -> str:
        """adb's words where none is meant."""
        return {
            "any": "no devices/emulators found",
            "usb": "no devices found",
            "local": "no emulators found",
            "id": f"no device with transport id '{self.name}'",
        }.get(self.kind, f"device '{self.name}' not found")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the adb server itself. `transport` and `tport` choose the target of what the client sends next."""

    command: str
    argument: str
    target: Target


def parse(text: str) -> Request | None:
    """Read a request; None where it is none to the server itself."""
    prefix, _, rest = text.partition(":")
    target = Target()
    if prefix == "host":
        if (chosen := _transport(rest)) is not None:
            return chosen
    elif prefix in ("host-usb", "host-local"):
        target = Target(cast("Kind", prefix.removeprefix("host-")))
    elif prefix == "host-transport-id":
        number, _, rest = rest.partition(":")
        target = Target("id", number)
    elif prefix == "host-serial":
        match = _OF_SERIAL.fullmatch(rest)
        serial, rest = (match["serial"], match["rest"]) if match else (rest, "")
        target = Target("serial", serial)
    else:
        return None
    command, _, argument = rest.partition(":")
    return Request(command, argument, target)


def _transport(rest: str) -> Request | None:
    """`transport:SERIAL`, `transport-id:N`, `transport-usb`, `tport:serial:SERIAL`, `tport:usb` and their like."""
    word, _, name = rest.partition(":")
    if word == "transport":
        return Request(word, "", Target("serial", name))
    if word == "transport-id":
        return Request("transport", "", Target("id", name))
    command, _, kind = word.partition("-") if word.startswith("transport-") else rest.partition(":")
    if command not in ("transport", "tport"):
        return None
    if kind in KINDS:
        return Request(command, "", Target(cast("Kind", kind)))
    return Request(command, "", Target("serial", kind.removeprefix("serial:")))


def choose(transports: Sequence[Transport], target: Target) -> Transport | str:
    """The transport that a target names, if it can be used; otherwise adb's words of refusal."""
    found = [one for one in transports if one.shown and target.means(one)]
    usable = [one for one in found if not one.now.startswith("no permissions")]
    if not found:
        return target.none
    if len(usable) > 1:
        return target.many
    return _if_usable(usable[0] if usable else found[0])


def _if_usable(transport: Transport) -> Transport | str:
    state = transport.now
    if state.startswith("no permissions"):
        about = state.partition("(")[2].partition(")")[0]
        return (
            f"insufficient permissions for device: {about}.\n"
            "See [http://developer.android.com/tools/device.html] for more information"
        )
    if state == "unauthorized":
        return (
            "device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set\n"
            "Try 'adb kill-server' if that seems wrong.\nOtherwise check for a confirmation dialog on your device."
        )
    if state == "authorizing":
        return "device still authorizing"
    return transport if state == DEVICE else f"device {state}"
