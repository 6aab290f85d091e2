"""The replay guard: remembers request ids, so that no request is carried out twice.

The ledger remembers requests that change something, in the transaction of the change. Redis, which all gateways
share, remembers reading requests: a commit for every status query would cost more than the query. While Redis is
away, the ledger remembers those as well.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from models.history.request_ids import REMEMBERED
from workers.runtime.redis_client import redis_client

log = logging.getLogger("phonefleet.gateway")

CALL_SECONDS = 1.0
MOST_SIGNED = 100_000


class ReplayCache:
    """The ids of correctly signed requests to this process.

    A captured request that is sent again uses up none of its customer's rate limit, and costs no query.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def first_time(self, key_id: str, request_id: str) -> bool:
        """Records a request id. Returns False when it was recorded before."""
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
    """The ids of reading requests, in Redis."""

    def __init__(self, redis_url: str) -> None:
        # No retry: a second SET would find the key of the first, and report a replay.
        once = Retry(NoBackoff(), retries=0)
        self._redis = redis_client(
            redis_url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS, retry=once
        )
        self._away = False

    def first_time(self, key_id: str, request_id: str) -> bool | None:
        """Records a request id. Returns False when it was recorded before; None when Redis does not answer."""
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
        """Closes the connections."""
        self._redis.close()
