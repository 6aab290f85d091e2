"""When a callback is tried again, and how long a failing endpoint is left alone: decisions, without a clock."""

from __future__ import annotations

import random
from collections.abc import Sequence

JITTER = 0.2  # up to a fifth longer, so that what failed together does not come back together
LONGEST_PAUSE = 1800.0  # seconds that an endpoint is left alone before it is tried anew


def again_in(schedule: Sequence[float], failed_before: int, asked: float | None, rng: random.Random) -> float | None:
    """Seconds until the next try after one more failure; None when the schedule is used up.

    What the receiver asked for in Retry-After is waited for, if it is longer.
    """
    if failed_before >= len(schedule):
        return None
    wait = schedule[failed_before]
    return max(wait * rng.uniform(1.0, 1.0 + JITTER), asked or 0.0)


def breaker_pause(schedule: Sequence[float], failed_before: int) -> float:
    """Seconds that an endpoint is left alone whose breaker opens, or whose probe failed.

    As long as the delivery that failed waits itself, half an hour at most: sooner than by the next
    delivery's own time nothing new is learnt.
    """
    return min(schedule[min(failed_before, len(schedule) - 1)], LONGEST_PAUSE)
