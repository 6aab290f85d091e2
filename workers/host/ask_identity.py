"""Asks the phone at an address for its serial, model and boot id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workers.host.adb import Adb, AdbError

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Identified:
    """A phone told its serial and model. `boot`: its boot id, which no other phone has; '' where it tells none."""

    address: str
    serial: str
    model: str
    boot: str


@dataclass(frozen=True, slots=True)
class Unidentified:
    """A phone did not tell its serial."""

    address: str
    why: str


def ask_who(adb: Adb, address: str, names: Mapping[str, str]) -> Identified | Unidentified:
    """Returns the phone's answer, within 15 seconds. A name that was given to its address replaces its serial."""
    try:
        serial = names.get(address) or adb.getprop(address, "ro.serialno")
        model = adb.getprop(address, "ro.product.model")
        if not serial:
            raise AdbError("ro.serialno is empty")
        boot = adb.shell(address, BOOT_ID).strip()
    except AdbError as error:
        return Unidentified(address, str(error))
    return Identified(address, serial, model, boot if _BOOT_ID.fullmatch(boot) else "")
