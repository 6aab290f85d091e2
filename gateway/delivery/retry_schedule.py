"""Decides when a callback is tried again, and how long a failing endpoint is paused. Pure: no clock."""

from __future__ import annotations

import random
from collections.abc import Sequence

JITTER = 0.2  # up to a fifth longer, so that deliveries that failed together do not return together
LONGEST_PAUSE = 1800.0  # seconds that an endpoint is paused before the next probe


def again_in(schedule: Sequence[float], failed_before: int, asked: float | None, rng: random.Random) -> float | None:
    """Returns the seconds until the next try after one more failure; None when the schedule is used up.

    A longer Retry-After of the receiver wins.
    """
    if failed_before >= len(schedule):
        return None
    wait = schedule[failed_before]
    return max(wait * rng.uniform(1.0, 1.0 + JITTER), asked or 0.0)


def breaker_pause(schedule: Sequence[float], failed_before: int) -> float:
    """Returns the seconds that an endpoint is paused when its breaker opens, or its probe failed.

    The pause equals the failed delivery's own wait, at most 30 min: an earlier try would fail the same way.
    """
    return min(schedule[min(failed_before, len(schedule) - 1)], LONGEST_PAUSE)
