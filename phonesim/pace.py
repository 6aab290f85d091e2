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


class Pace:
    """Delays divided by `speed` (0: none at all) and multiplied by `slowness` while that fault lasts."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.slowness = 1.0

    def seconds(self, real: float) -> float:
        """How long something lasts here that takes `real` seconds on a real phone."""
        if self.slowness > 1.0:
            return real * self.slowness / (self.speed or 1.0)
        return real / self.speed if self.speed else 0.0

    async def take(self, what: str) -> None:
        """Let the time of one `what` (a key of REAL_SECONDS) go by."""
        await self.sleep(REAL_SECONDS[what])

    async def sleep(self, real: float) -> None:
        """Let `real` seconds of a real phone go by."""
        seconds = self.seconds(real)
        if seconds > 0:
            await asyncio.sleep(seconds)
