"""How often a key may ask, and which of its requests came already.

What changes something is remembered in the ledger, in the transaction that changes it. Questions are
remembered in Redis, which all gateways share: a commit for every look at a status would cost more
than the look. When Redis is away, the ledger remembers them as well.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from models.history.request_ids import REMEMBERED

log = logging.getLogger("phonefleet.gateway")

CALL_SECONDS = 1.0
MOST_BUCKETS = 10_000
MOST_SIGNED = 100_000


class RateLimiter:
    """A bucket of tokens for each key, one token a request. It holds what comes in a second, one at the least."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted
        self._lock = threading.Lock()

    def take(self, key_id: str, rate: float, weight: int = 1) -> int:
        """Take so many tokens, or all that a bucket holds. 0 when they were there, else whole seconds to wait."""
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


class ReplayCache:
    """The ids of requests that were well signed, in this process, from the moment that they came.

    What was caught on its way and is sent again costs its customer nothing here, and nobody a look at the ledger.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def first_time(self, key_id: str, request_id: str) -> bool:
        """Remember a request. False when it came before."""
        now = self._clock()
        while self._seen and (len(self._seen) >= MOST_SIGNED or self._is_old(now)):
            self._seen.popitem(last=False)
        if (key_id, request_id) in self._seen:
            return False
        self._seen[key_id, request_id] = now
        return True

    def _is_old(self, now: float) -> bool:
        return now - next(iter(self._seen.values())) > REMEMBERED.total_seconds()


class ReplayStore:
    """The ids of questions, in Redis."""

    def __init__(self, redis_url: str) -> None:
        # Asked once, whatever the client's default is: asked again it would find what it wrote itself.
        once = Retry(NoBackoff(), retries=0)
        self._redis = Redis.from_url(
            redis_url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS, retry=once
        )
        self._away = False

    def first_time(self, key_id: str, request_id: str) -> bool | None:
        """Remember a question. False when it was asked before; None when Redis does not answer."""
        name = f"phonefleet:gateway:seen:{key_id}:{request_id}"
        try:
            set_now = self._redis.set(name, 1, nx=True, ex=int(REMEMBERED.total_seconds()))
        except RedisError as error:
            if not self._away:
                log.warning("Redis is away, the ledger remembers questions meanwhile: %s", error)
            self._away = True
            return None
        self._away = False
        return bool(set_now)

    def close(self) -> None:
        """Close its connections."""
        self._redis.close()
