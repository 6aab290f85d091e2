"""Judges whether a phone's health allows work: the shell question, its answer and the limits. Pure.

A phone that was unfit must pass the limit by a margin to count as fit again, so that a phone at the limit
does not flap. A value that could not be read keeps its last judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flows.failures import INPUT_REMEDY
from workers.phone.readings import (
    Battery,
    Unreadable,
    read_battery,
    read_free_bytes,
    read_input_refused,
    read_installed,
    read_locked,
)

T = TypeVar("T")

MARK = "phonefleet-next"  # between the answers of the commands

# Lithium-ion cells are not to be charged from 45 °C on (JEITA's guidelines), and phones throttle there.
HOT, COOL_AGAIN = 45.0, 42.0
# Android warns at 15 % (config_lowBatteryWarningLevel) and is critical at 5 %; a task may take minutes.
LOW, CHARGED_AGAIN = 10, 15
CRITICAL = 5  # so low it may go off even on a hub that charges it slowly
# Below 500 MB Android itself says that storage runs out (StorageManager.DEFAULT_THRESHOLD_MAX_BYTES).
MB = 1024 * 1024
FULL, ROOM_AGAIN = 500 * MB, 600 * MB


@dataclass(frozen=True, slots=True)
class Health:
    """A phone's readings; None for those that could not be read."""

    battery: Battery | None = None
    free_bytes: int | None = None
    locked: bool | None = None
    app_installed: bool | None = None
    input_refused: bool | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """Returns the readings as the ledger keeps them: charge in percent, °C, free megabytes."""
        told: dict[str, Any] = {}
        if self.battery is not None:
            told |= {"percent": self.battery.percent, "celsius": self.battery.celsius}
            told["charging"] = self.battery.charging
            told = {name: value for name, value in told.items() if value is not None}
        if self.free_bytes is not None:
            told["free_mb"] = self.free_bytes // MB
        more = {"locked": self.locked, "app_installed": self.app_installed}
        more["input_refused"] = self.input_refused or None  # of a phone that is well it goes without saying
        return told | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Ailment:
    """One reason why a phone takes no work, and its remedy."""

    code: str
    why: str
    remedy: str


Ailments = Mapping[str, Ailment]

UNANSWERED = 3  # questions in a row: one may meet a phone that starts an app, three meet one that hangs
MUTE = Ailment(
    "mute",
    f"it did not answer {UNANSWERED} times in a row when it was asked how it is",
    "look at its screen; restart it, or pull its cable and plug it in again",
)


def question(package: str | None) -> str:
    """Returns the shell line to ask a phone; without a package it asks nothing about the app."""
    installed = f"pm path {package}; echo exit=$?" if package else ":"
    commands = ["dumpsys battery", "df -k /data", "dumpsys window policy", installed, "input keyevent 0"]
    return f"; echo {MARK}; ".join([*commands, ":"])


def read_health(output: str) -> Health:
    """Parses the phone's answer to the question; a truncated answer lacks the values that did not come."""
    answers = output.split(MARK)[:-1]  # what stands behind the last mark is not known to be whole

    def nth(place: int, reader: Callable[[str], T]) -> T | None:
        try:
            return reader(answers[place]) if place < len(answers) else None
        except Unreadable:
            return None

    return Health(
        battery=nth(0, read_battery),
        free_bytes=nth(1, read_free_bytes),
        locked=nth(2, read_locked),
        app_installed=nth(3, read_installed),
        input_refused=nth(4, read_input_refused),
    )


def judge(health: Health, package: str, before: Ailments) -> dict[str, Ailment]:
    """Returns the ailments that keep the phone from work now, by code; `before`: those of the last look."""
    found: dict[str, Ailment] = {}
    for code, (look, remedy) in _LOOKS.items():
        why = look(health, code in before)
        if why is None and code in before:
            found[code] = before[code]
        elif why:
            found[code] = Ailment(code, why, remedy.format(package=package))
    return found


def _hot(health: Health, was: bool) -> str | None:
    if health.battery is None:
        return None
    celsius = health.battery.celsius
    if celsius is None:  # no gauge that can be believed, and none that ever will be
        return ""
    return f"its battery has {celsius:g} °C" if celsius >= (COOL_AGAIN if was else HOT) else ""


def _empty(health: Health, was: bool) -> str | None:
    if health.battery is None:
        return None
    percent, charging = health.battery.percent, health.battery.charging
    if percent is None:  # it runs on a supply, or nobody can tell
        return ""
    if percent >= (CHARGED_AGAIN if was and not charging else LOW) or (charging and percent > CRITICAL):
        return ""
    return f"its battery has {percent} % left" + ("" if charging else " and is not charged")


def _full(health: Health, was: bool) -> str | None:
    if health.free_bytes is None:
        return None
    free = health.free_bytes
    return f"{free // MB} MB are free on its storage" if free < (ROOM_AGAIN if was else FULL) else ""


def _locked(health: Health, _was: bool) -> str | None:
    return None if health.locked is None else "its screen is locked" if health.locked else ""


def _refused(health: Health, _was: bool) -> str | None:
    if health.input_refused is None:
        return None
    return "it lets nobody touch the screen: INJECT_EVENTS is refused" if health.input_refused else ""


def _missing(health: Health, _was: bool) -> str | None:
    return None if health.app_installed is None else "" if health.app_installed else "the app is not installed"


# In the order in which they are told: a phone that is too hot first.
_LOOKS: Mapping[str, tuple[Callable[[Health, bool], str | None], str]] = {
    "hot": (_hot, "let it cool down: out of the sun, away from its neighbours, off the charger"),
    "battery_low": (_empty, "charge it: check its cable and the hub's power supply"),
    "storage_full": (_full, "free some storage: clear the app's cache, delete downloads and pictures"),
    "screen_locked": (_locked, "unlock it, and set its screen lock to none and its screen to stay awake"),
    "input_refused": (_refused, INPUT_REMEDY),
    "app_missing": (_missing, "install the app {package} on it, and log its account in"),
}
