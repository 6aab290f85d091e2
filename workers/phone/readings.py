"""Parses a phone's health from the output of Android's commands: battery, storage, keyguard, installed apps. Pure."""

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
    """The phone's answer does not contain the value."""


# The possible values of a battery; outside of them the gauge is broken or missing. Cells burst before 120 °C.
COLDEST, HOTTEST = -40.0, 120.0


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge in percent, temperature in °C, and whether the phone is on a charger.

    None for values that the phone does not know: it may run without a battery, or its gauge may be broken.
    """

    percent: int | None
    celsius: float | None
    charging: bool


def read_battery(output: str) -> Battery:
    """Parses `dumpsys battery`, whose temperature is in tenths of a degree. Raises Unreadable.

    The first of two equal names counts, because vendors add sections of their own after Android's.
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
    """Returns the free bytes of the partition, from `df -k PATH` (toybox: blocks of 1 KB). Raises Unreadable."""
    found = _DF.search(output)
    if found is None:
        raise Unreadable("df tells no free blocks")
    return int(found[1]) * 1024


def read_locked(output: str) -> bool:
    """Returns whether the keyguard shows, from `dumpsys window policy`. Raises Unreadable."""
    found = _SHOWING.search(output) or _SHOWING_BEFORE_10.search(output)
    if found is None:
        raise Unreadable("dumpsys window policy names no keyguard")
    return found[1] == "true"


def read_installed(output: str) -> bool:
    """Returns whether the package is installed, from `pm path PACKAGE; echo exit=$?`. Raises Unreadable.

    For a missing package, `pm` prints nothing and ends with 1. Any other output, such as
    `cmd: Failure calling service package`, is about the service and not about the package.
    """
    said, _, code = output.strip().rpartition("exit=")
    if re.search(r"^package:/", said, re.MULTILINE):
        return True
    if said.strip() or code != "1":
        raise Unreadable(f"pm path says {output.strip()[:200]!r}")
    return False


def read_input_refused(output: str) -> bool:
    """Returns whether the phone refuses injected events, from `input keyevent 0`, a key without effect.

    Raises Unreadable.
    """
    if "INJECT_EVENTS" in output or "java.lang.SecurityException: Injecting" in output:
        return True
    if output.strip():
        raise Unreadable(f"input says {output.strip()[:200]!r}")
    return False
