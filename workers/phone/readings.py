"""Reads what Android's own commands say of a phone's health: battery, storage, keyguard, installed apps. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FIELD = re.compile(r"^[ \t]*([\w ]+): (-?\w+)[ \t\r]*$", re.MULTILINE)
# the delegate's own line: showingAndNotOccluded, mIsShowing and others stand around it
_SHOWING = re.compile(r"KeyguardServiceDelegate\s+showing=(true|false)\b")
_SHOWING_BEFORE_10 = re.compile(r"\bmShowingLockscreen=(true|false)\b")
_DF = re.compile(r"^\S+\s+\d+\s+\d+\s+(\d+)\s+\d+%\s+/", re.MULTILINE)


class Unreadable(ValueError):
    """The phone's answer does not hold what was asked."""


# What a battery can have: below and above, the gauge is broken or there is none. Cells burst before 120 °C.
COLDEST, HOTTEST = -40.0, 120.0


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge in percent, temperature in °C, and whether the phone hangs on a charger.

    None for what the phone does not know: a phone that runs on a supply without a battery, a gauge that is broken.
    """

    percent: int | None
    celsius: float | None
    charging: bool


def read_battery(output: str) -> Battery:
    """From `dumpsys battery`, whose temperature is in tenths of a degree. Raises Unreadable.

    Of a name that stands there twice the first one counts: vendors put sections of their own behind Android's.
    """
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(output):
        fields.setdefault(name.strip(), value)
    present = fields.get("present") != "false"
    if present and "level" not in fields:
        raise Unreadable("dumpsys battery tells no level")
    return Battery(
        percent=_percent(fields) if present else None,
        celsius=_celsius(fields) if present else None,
        charging=any(fields.get(f"{source} powered") == "true" for source in ("AC", "USB", "Wireless", "Dock")),
    )


def _percent(fields: Mapping[str, str]) -> int | None:
    level, scale = _whole(fields.get("level")), _whole(fields.get("scale")) or 100
    if level is None or not 0 <= level <= scale:
        return None
    return round(level * 100 / scale)


def _celsius(fields: Mapping[str, str]) -> float | None:
    tenths = _whole(fields.get("temperature"))
    return tenths / 10 if tenths is not None and COLDEST <= tenths / 10 <= HOTTEST else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,9}", text) else None


def read_free_bytes(output: str) -> int:
    """What is left on the partition, from `df -k PATH` (toybox: blocks of 1 KB). Raises Unreadable."""
    found = _DF.search(output)
    if found is None:
        raise Unreadable("df tells no free blocks")
    return int(found[1]) * 1024


def read_locked(output: str) -> bool:
    """Does the keyguard show? From `dumpsys window policy`. Raises Unreadable."""
    found = _SHOWING.search(output) or _SHOWING_BEFORE_10.search(output)
    if found is None:
        raise Unreadable("dumpsys window policy names no keyguard")
    return found[1] == "true"


def read_installed(output: str) -> bool:
    """Is the package there? From `pm path PACKAGE; echo exit=$?`. Raises Unreadable.

    Of a package that is not there it says nothing, and ends with 1. Whatever else it says, such as
    `cmd: Failure calling service package`, tells of the service and not of the package.
    """
    said, _, code = output.strip().rpartition("exit=")
    if re.search(r"^package:/", said, re.MULTILINE):
        return True
    if said.strip() or code != "1":
        raise Unreadable(f"pm path says {output.strip()[:200]!r}")
    return False


def read_input_refused(output: str) -> bool:
    """Does the phone let nobody inject events? From `input keyevent 0`, a key that does nothing. Raises Unreadable."""
    if "INJECT_EVENTS" in output or "java.lang.SecurityException: Injecting" in output:
        return True
    if output.strip():
        raise Unreadable(f"input says {output.strip()[:200]!r}")
    return False
