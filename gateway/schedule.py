"""When a callback is tried again, and how long a failing endpoint is left alone: decisions, without a clock."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

JITTER = 0.2  # up to a fifth longer, so that what failed together does not come back together
LONGEST_ASKED = 86400.0  # seconds that a receiver may ask for
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


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, a day at most; None for none, or one that says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_ASKED)
