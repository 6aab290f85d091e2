"""The rate limit of a key over all gateway processes, counted in Redis by the library `limits`.

While Redis is away, each process counts for itself (`gateway/access/rate_limit.py`), and asks Redis again a few
seconds later.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from functools import lru_cache

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from workers.runtime.redis_client import async_pool

log = logging.getLogger("phonefleet.gateway")

CALL_SECONDS = 1.0
AWAY_SECONDS = 5.0
MOST_CONNECTIONS = 200
LONGEST_WINDOW = 10  # seconds; longer only for a key that may send less than once in that time
PREFIX = "phonefleet:gateway:rate"
# A process takes this part of a key's window at once, and asks Redis again when it has used that or a second has gone.
PART = 20
PART_SECONDS = 1.0


@lru_cache(maxsize=1000)
def window_of(rate: float) -> RateLimitItemPerSecond:
    """Returns the shortest window of whole seconds in which the rate allows a whole number of requests.

    There is none for every rate: 0.3 a second are 3 in 10 seconds, and 0.33 are 3 in 10 seconds too.
    """
    for seconds in range(1, LONGEST_WINDOW + 1):
        if rate * seconds >= 1 and math.isclose(rate * seconds, round(rate * seconds), rel_tol=1e-9):
            return RateLimitItemPerSecond(round(rate * seconds), seconds)
    seconds = max(LONGEST_WINDOW, math.ceil(1 / rate))
    return RateLimitItemPerSecond(max(1, math.floor(rate * seconds)), seconds)


class SharedRate:
    """Counts requests by key in Redis: a window that slides, approximated by two counters. Without an address: none.

    The connections belong to the event loop that first asks; `close` ends them.
    """

    def __init__(self, redis_url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away_until = -math.inf
        # By key, of which there are as many as the operator made: requests left, and when they were taken.
        self._parts: dict[str, tuple[int, float]] = {}
        self._asking: dict[str, asyncio.Lock] = {}
        self._pool: ConnectionPool | None = None
        self._limiter: SlidingWindowCounterRateLimiter | None = None
        if redis_url is not None:
            self._pool = async_pool(
                redis_url,
                socket_timeout=CALL_SECONDS,
                socket_connect_timeout=CALL_SECONDS,
                max_connections=MOST_CONNECTIONS,
            )
            storage = RedisStorage(
                "async+redis://localhost:6379",  # never asked: the pool knows the address
                implementation="redispy",
                connection_pool=self._pool,  # type: ignore[arg-type]  # declared for its other options
                key_prefix=PREFIX,
                wrap_exceptions=True,
            )
            self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def take(self, key_id: str, rate: float, weight: int = 1) -> int:
        """Counts a request. Returns 0, or whole seconds to wait when the key sent too many to all gateways."""
        if self._limiter is None or self._clock() < self._away_until:
            return 0
        window = window_of(rate)
        wanted = min(weight, window.amount)
        if self._has(key_id, wanted):
            return 0
        # one question of a key at a time: what it brings serves those that wait
        async with self._asking.setdefault(key_id, asyncio.Lock()):
            if self._clock() < self._away_until or self._has(key_id, wanted):
                return 0
            return await self._ask(window, key_id, wanted)

    async def _ask(self, window: RateLimitItemPerSecond, key_id: str, wanted: int) -> int:
        assert self._limiter is not None
        part = max(wanted, window.amount // PART)
        try:
            taken = await self._limiter.hit(window, key_id, cost=part)
            if not taken and part > wanted:  # the rest of the window
                part = wanted
                taken = await self._limiter.hit(window, key_id, cost=part)
        except StorageError as error:
            log.warning("Redis is away, each gateway counts requests for itself meanwhile: %s", error.storage_error)
            self._away_until = self._clock() + AWAY_SECONDS
            return 0
        if not taken:
            return window.multiples
        self._parts[key_id] = (part - wanted, self._clock())
        return 0

    def _has(self, key_id: str, wanted: int) -> bool:
        """Uses what this process took before. Returns False when that is too little, or too old."""
        left, since = self._parts.get(key_id, (0, -math.inf))
        if left < wanted or self._clock() - since > PART_SECONDS:
            return False
        self._parts[key_id] = (left - wanted, since)
        return True

    async def close(self) -> None:
        """Closes the connections."""
        if self._pool is not None:
            await self._pool.aclose()
