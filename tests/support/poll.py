"""Waiting for a condition, with a bound. The only place of the tests that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LEAST = 60.0  # seconds: who gives up earlier has found a slow machine, and no fault


def wait_until(
    condition: Callable[[], T], timeout: float, what: str, *, every: float = 0.02, least: float = LEAST
) -> T:
    """What `condition` returns, once that is true. Looks again `every` so many seconds.

    Raises TimeoutError, which names `what` was waited for and what was seen last, after `timeout`
    seconds, or `least` if that is more. The condition is looked at one last time after them: a slow machine is not a
    failure.
    """
    timeout = max(timeout, least)
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        seen = condition()
        if seen:
            return seen
        if late:
            raise TimeoutError(f"waited {timeout:g} s for {what}; last seen: {seen!r}")
        time.sleep(every)
