"""Reads what Android's own commands say of a phone's health: battery, storage, keyguard, installed apps. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(r"^[ \t]*([\w ]+): (-?\w+)[ \t\r]*$", re.MULTILINE)
# the delegate's own line: showingAndNotOccluded, mIsShowing and others stand around it
_SHOWING = re.compile(r"KeyguardServiceDelegate\s+showing=(true|false)\b")
_SHOWING_BEFORE_10 = re.compile(r"\bmShowingLockscreen=(true|false)\b")
_DF = re.compile(r"^\S+\s+\d+\s+\d+\s+(\d+)\s+\d+%\s+/", re.MULTILINE)


class Unreadable(ValueError):
    """The phone's answer does not hold what was asked."""


@dataclass(frozen=True, slots=True)
class Battery:
    """Charge in percent, temperature in °C, and whether the phone hangs on a charger."""

    percent: int
    celsius: float
    charging: bool


def read_battery(output: str) -> Battery:
    """From `dumpsys battery`, whose temperature is in tenths of a degree. Raises Unreadable."""
    fields = dict(_FIELD.findall(output))
    try:
        return Battery(
            percent=int(fields["level"]),
            celsius=int(fields["temperature"]) / 10,
            charging=any(fields.get(f"{source} powered") == "true" for source in ("AC", "USB", "Wireless", "Dock")),
        )
    except (KeyError, ValueError):
        raise Unreadable("dumpsys battery tells no level and temperature") from None


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
    """Is the package there? From `pm path PACKAGE`, which says nothing of one that is not. Raises Unreadable."""
    if "package:" in output:
        return True
    if output.strip():  # e.g. the package service is not up yet
        raise Unreadable(f"pm path says {output.strip()[:200]!r}")
    return False
