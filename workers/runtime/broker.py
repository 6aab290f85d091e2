"""The broker's condition in this process's view: well, or away, one state for every kind of trouble.

Redis refuses connections, hangs, loads, wants another password, is full, read-only, blocked by a script or cut off
by somebody: whoever needs it waits and looks again each second. A process tells it with one line when it begins and
with one when it is over, and its coordinator with one alert.
"""

from __future__ import annotations

import logging
import math
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import BatchPublishError, OperationalError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from models.database.terminal_safe import on_one_line
from workers.runtime.redis_client import redis_client
from workers.settings import settings
from workers.settings.sentinels import SCHEME, celery_url, place_of

log = logging.getLogger("phonefleet.broker")

LOOK_SECONDS = 1.0  # between two looks at a broker that is away
ANSWER_SECONDS = 1.0  # for an answer to a look
# Without a failure for so long it counts as well: one that cuts its clients off each second is away all the time.
QUIET_SECONDS = 3.0
PROBE = "phonefleet.probe"
MOST_REASON = 200

# What Redis, or the way to it, raises: by way of kombu or bare.
BROKER_ERRORS = (RedisError, OperationalError, BatchPublishError, OSError)


class Trouble(NamedTuple):
    """The reason why the broker is away, and its remedy."""

    reason: str
    remedy: str


# In a transaction BRPOP does not wait, and what these leave is taken away by others of them.
_NEEDED = (
    ("LPUSH", f"{PROBE}.list", "x"),
    ("LLEN", f"{PROBE}.list"),
    ("BRPOP", f"{PROBE}.list", 1),
    ("ZADD", f"{PROBE}.index", 1, "x"),
    ("ZREVRANGEBYSCORE", f"{PROBE}.index", 1, 0),
    ("ZREM", f"{PROBE}.index", "x"),
    ("HSET", f"{PROBE}.hash", "x", "x"),
    ("HGET", f"{PROBE}.hash", "x"),
    ("HDEL", f"{PROBE}.hash", "x"),
    ("SADD", f"{PROBE}.set", "x"),
    ("SMEMBERS", f"{PROBE}.set"),
    ("SREM", f"{PROBE}.set", "x"),
    ("PUBLISH", PROBE, "x"),
)


def probe(client: Redis) -> None:
    """Does what tickets need, on keys of its own. Raises what Redis, or the connection to it, raises.

    One that is full, read-only or unable to save still answers to PING; and one may refuse a single command alone,
    such as the one by which workers take tickets.
    """
    client.set(PROBE, "written to see whether this Redis takes tickets", ex=60)  # over the client's own connection
    with client.pipeline(transaction=True) as pipe:
        for command in _NEEDED:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        pipe.execute()


_SIGN_IN = "put its password into PHONEFLEET_REDIS_URL (redis://:PASSWORD@host:port/0) and start the fleet again"
# The words by which Redis, or the system, tells the form; the first that is found counts.
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(words, re.IGNORECASE), remedy)
    for words, remedy in (
        (r"\bOOM\b|used memory", "raise maxmemory, or empty what fills it: redis-cli INFO memory"),
        (r"\bMISCONF\b", "see why it cannot save to disk: its log, the space there; redis-cli INFO persistence"),
        # redis-py leaves some of these words out
        (
            r"\bREADONLY\b|read only replica",
            "PHONEFLEET_REDIS_URL names a replica: name the primary, or redis-cli REPLICAOF NO ONE",
        ),
        (r"\bLOADING\b|loading the dataset", "it loads its data after a start: wait; redis-cli INFO persistence"),
        (
            r"\bNOAUTH\b|\bWRONGPASS\b|authenticat|invalid (username|password)",
            _SIGN_IN,
        ),
        (
            r"\bNOPERM\b|no permissions|without MULTI",
            "let the user of PHONEFLEET_REDIS_URL use all keys, commands and channels",
        ),
        (r"\bBUSY\b|\bUNKILLABLE\b", "a script blocks it: redis-cli SCRIPT KILL, or FUNCTION KILL"),
        (r"max number of clients|too many connections", "raise its maxclients: redis-cli INFO clients"),
        (r"no master found", "start its Sentinels, or name what they watch: redis-cli -p 26379 SENTINEL MASTERS"),
        (r"\bNOREPLICAS\b|\bMASTERDOWN\b|\bCLUSTERDOWN\b", "mend its replication: redis-cli INFO replication"),
        (r"\bWRONGTYPE\b", "a key of the fleet's queues holds something else: look what else uses this database"),
        (r"refused", "start it, or mend PHONEFLEET_REDIS_URL: phonefleet doctor"),
        (r"timed? ?out|timeout", "it hangs, or the network drops what is sent: see its host's load and network"),
        (r"name or service|resolution|getaddrinfo", "mend the host name in PHONEFLEET_REDIS_URL"),
        (
            r"closed|reset|broken pipe|connection (lost|error)|\beof\b",
            "something cuts its connections off: see its log, and who sends CLIENT KILL (redis-cli MONITOR)",
        ),
    )
)
_OF_PIPELINE = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: ")  # redis-py's own words
_OTHERWISE = "see its log, and redis-cli INFO"


def trouble_of(error: BaseException) -> Trouble:
    """Returns the trouble behind an error that the broker or the connection to it raised."""
    told = [on_one_line(f"{one}" or type(one).__name__) for one in _chain(error)]
    whole = " ".join(told)
    remedy = next((remedy for words, remedy in _FORMS if words.search(whole)), _OTHERWISE)
    said = _OF_PIPELINE.sub("", told[-1]).rstrip(". ")
    reason = "it asks for another password than it is given" if remedy == _SIGN_IN else said
    return Trouble(reason[:MOST_REASON], remedy)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Returns the error and those of its causes that are the broker's; the first cause last."""
    one: BaseException | None = error
    for _ in range(8):
        if one is None:
            return
        yield one
        cause = one.__cause__
        one = cause if isinstance(cause, BROKER_ERRORS) else None


@dataclass(slots=True)
class Condition:
    """Well or away, from the times of failures and answers. Times are monotonic seconds."""

    trouble: Trouble | None = None
    since: float = 0.0
    failed_at: float = 0.0
    reachable: bool = True  # at the last look

    def failed(self, trouble: Trouble, now: float) -> bool:
        """Notes a failure. Returns True when the broker was well before."""
        news = self.trouble is None
        if news:
            self.since = now
        self.trouble, self.failed_at, self.reachable = trouble, now, False
        return news

    def answered(self, now: float) -> float | None:
        """Notes an answer. Returns the seconds that the broker was away, if that is over now."""
        self.reachable = True
        if self.trouble is None or now - self.failed_at < QUIET_SECONDS:
            return None
        self.trouble = None
        return self.failed_at - self.since

    def lasts(self) -> float:
        """Returns the seconds that it has been failing; 0 while it is well, and at its first failure."""
        return self.failed_at - self.since if self.trouble is not None else 0.0


class Broker:
    """The broker at an address. Any thread may ask; one that is no Redis (a test's) is always well."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = Lock()
        self._looking = Lock()
        self._condition = Condition()
        self._looked_at = -math.inf
        self._client: Redis | None = None

    @property
    def place(self) -> str:
        """Returns the address without its password."""
        return place_of(self._url)

    @property
    def reachable(self) -> bool:
        """True when the broker answered the last look."""
        return self._condition.reachable

    @property
    def trouble(self) -> Trouble | None:
        """Returns the reason why it is away; None while it is well."""
        return self._condition.trouble

    @property
    def lasts(self) -> float:
        """Returns the seconds that it has been failing."""
        with self._lock:
            return self._condition.lasts()

    def failed(self, error: BaseException) -> None:
        """Notes an error that a caller got from the broker."""
        trouble = trouble_of(error)
        with self._lock:
            news = self._condition.failed(trouble, time.monotonic())
        if news:
            log.warning("Redis at %s is away: %s. Remedy: %s", self.place, *trouble)

    def answered(self) -> None:
        """Notes that the broker answered a caller."""
        with self._lock:
            was_away = self._condition.answered(time.monotonic())
        if was_away is not None:
            log.info("Redis at %s is well again, after %.0f s", self.place, was_away)

    def may_be_used(self) -> bool:
        """True when a try is worth it. After a failure, looks at the broker again once a second."""
        return self.reachable or (time.monotonic() - self._looked_at >= LOOK_SECONDS and self.look())

    def look(self) -> bool:
        """Tests whether the broker accepts writes, as tickets need. Returns the result, within about two seconds."""
        with self._looking:
            self._looked_at = time.monotonic()
            try:
                self._probe()
            except BROKER_ERRORS as error:
                self._drop_client()  # a lost connection goes back to where it was, and asks no Sentinel for the primary
                self.failed(error)
                return False
        self.answered()
        return True

    def close(self) -> None:
        """Closes the connection for looks; the next look makes another one."""
        with self._looking:
            self._drop_client()

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _probe(self) -> None:
        if urlsplit(self._url).scheme not in ("redis", "rediss", SCHEME):
            return
        if self._client is None:
            self._client = redis_client(
                self._url,
                single=True,  # a pool mends a connection that was cut off before anybody notices
                socket_timeout=ANSWER_SECONDS,
                socket_connect_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), retries=0),
            )
        probe(self._client)


_brokers: dict[tuple[int, str], Broker] = {}


def broker(url: str | None = None) -> Broker:
    """Returns this process's broker, by default that of its settings; never carried over a fork."""
    key = (os.getpid(), settings().redis_url if url is None else url)
    if key not in _brokers:
        _brokers[key] = Broker(key[1])
    return _brokers[key]


def broker_of(app: Celery) -> Broker:
    """Returns the broker of a Celery application: that of the settings, whose address Celery has in its own form."""
    url = app.conf.broker_url
    return broker() if url == celery_url(settings().redis_url) else broker(url)


class BrokerWatch:
    """Looks at the broker once a second, on a thread of its own, so that a broker that hangs blocks no other work."""

    def __init__(self, looked_at: Broker) -> None:
        self._broker = looked_at
        self._ended = Event()
        self._thread = Thread(target=self._watch, name="broker", daemon=True)

    def start(self) -> None:
        """Starts looking."""
        self._thread.start()

    def close(self) -> None:
        """Stops looking."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._broker.look()
        self._broker.close()
