"""The turnstile in Redis: how often a key may ask, and which requests it asked already.

One call for both. What changes something is remembered in the ledger as well, in the transaction
that changes it, for Redis may forget: here a commit for every look at a status would cost more than the look.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from enum import Enum

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger("phonefleet.gateway")

REMEMBERED_SECONDS = 900  # a timestamp may be 5 minutes ahead when an id is first seen, and 5 behind at its return
CALL_SECONDS = 1.0

# A bucket holds as many tokens as the key may send in a second, one at least. Redis' clock is everybody's.
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local rate, most = tonumber(ARGV[1]), math.max(1, tonumber(ARGV[1]))
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or most, tonumber(bucket[2]) or now
tokens = math.min(most, tokens + math.max(0, now - at) * rate / 1000)
if tokens < 1 then
  return {'wait', math.ceil((1 - tokens) * 1000 / rate)}
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - 1), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil(most * 1000 / rate) + 1000)
if not redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[2]) then
  return {'replay', 0}
end
return {'pass', 0}
"""


class Turn(Enum):
    """What the turnstile said."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    REPLAY = "replay"
    WAIT = "wait"
    AWAY = "away"  # Redis does not answer: nobody counted, nobody remembered


@dataclass(frozen=True, slots=True)
class Answer:
    """What it said, and for how many whole seconds to wait."""

    turn: Turn
    seconds: int = 0


class Turnstile:
    """Shared by all gateways on one Redis."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS)
        self._script = self._redis.register_script(_SCRIPT)
        self._away = False

    def pass_through(self, key_id: str, request_id: str, rate: float) -> Answer:
        """Count a request whose signature was found right."""
        keys = [f"phonefleet:gateway:rate:{key_id}", _seen(key_id, request_id)]
        try:
            said, milliseconds = self._script(keys=keys, args=[rate, REMEMBERED_SECONDS])
        except RedisError as error:
            if not self._away:
                log.warning("Redis is away: rates are not held, and the ledger alone remembers requests: %s", error)
            self._away = True
            return Answer(Turn.AWAY)
        self._away = False
        return Answer(Turn(said.decode()), math.ceil(int(milliseconds) / 1000))

    def close(self) -> None:
        """Close its connections."""
        self._redis.close()


def _seen(key_id: str, request_id: str) -> str:
    return f"phonefleet:gateway:seen:{key_id}:{request_id}"
