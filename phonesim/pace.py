"""How long things take on a simulated phone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

# Seconds at speed 1, after measurements on mid-range phones; a page's own loading time is the app's.
REAL_SECONDS: Mapping[str, float] = MappingProxyType(
    {
        "dump": 0.15,
        "tap": 0.05,
        "query": 0.05,  # anything asked about one element
        "text": 0.1,
        "key": 0.05,
        "screenshot": 0.2,
        "shell": 0.03,
        "boot": 1.0,  # the UI server
        "start": 0.8,  # the app, when it was not running
        "load": 0.5,  # a part of a list
    }
)
MOST_SECONDS = 60.0


class NoSuchTime(ValueError):
    """A time that a phone does not have, or a value that it cannot take; the text says which it can."""


def parse_times(text: str) -> Mapping[str, float]:
    """From a command line: `dump=0.25,tap=0.06`; the other times are as they are. Raises NoSuchTime."""
    given: dict[str, float] = {}
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        if name not in REAL_SECONDS:
            raise NoSuchTime(f"there is no time {name!r}; there are {', '.join(REAL_SECONDS)}")
        try:
            seconds = float(value)
        except ValueError:
            raise NoSuchTime(f"{name}: {value!r} is no number of seconds") from None
        if not 0 <= seconds <= MOST_SECONDS:
            raise NoSuchTime(f"{name}: {seconds:g} s is not between 0 and {MOST_SECONDS:g}")
        given[name] = seconds
    return given


class Pace:
    """Delays divided by `speed` (0: none at all) and multiplied by `slowness` while that fault lasts."""

    def __init__(self, speed: float, times: Mapping[str, float] = MappingProxyType({})) -> None:
        """`times`: seconds in place of those of REAL_SECONDS."""
        self.speed = speed
        self.slowness = 1.0
        self.real: Mapping[str, float] = {**REAL_SECONDS, **times}

    def seconds(self, real: float) -> float:
        """How long something lasts here that takes `real` seconds on a real phone."""
        if self.slowness > 1.0:
            return real * self.slowness / (self.speed or 1.0)
        return real / self.speed if self.speed else 0.0

    async def take(self, what: str) -> None:
        """Let the time of one `what` (a key of REAL_SECONDS) go by."""
        await self.sleep(self.real[what])

    async def sleep(self, real: float) -> None:
        """Let `real` seconds of a real phone go by."""
        seconds = self.seconds(real)
        if seconds > 0:
            await asyncio.sleep(seconds)
