"""The rate limit: how many requests a second a key may send."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from gateway.problem import ApiProblem

MOST_BUCKETS = 10_000


def too_many(rate: float, seconds: int) -> ApiProblem:
    """Makes the problem of a request beyond the rate, with the seconds to wait."""
    detail = f"{rate:g} a second; wait for {seconds} s"
    return ApiProblem("too_many_requests", detail, headers={"retry-after": str(seconds)})


class RateLimiter:
    """A token bucket for each key, one token a request. It holds the tokens of one second, at least one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted
        self._lock = threading.Lock()

    def take(self, key_id: str, rate: float, weight: int = 1) -> int:
        """Takes `weight` tokens, at most a full bucket. Returns 0, or whole seconds to wait when too few are left."""
        now, most = self._clock(), max(1.0, rate)
        wanted = min(float(weight), most)
        with self._lock:
            if len(self._buckets) >= MOST_BUCKETS:
                self._buckets.clear()
            tokens, counted = self._buckets.get(key_id, (most, now))
            tokens = min(most, tokens + (now - counted) * rate)
            if tokens < wanted:
                self._buckets[key_id] = (tokens, now)
                return math.ceil((wanted - tokens) / rate)
            self._buckets[key_id] = (tokens - wanted, now)
            return 0
