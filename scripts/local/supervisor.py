"""Starts parts of `phonefleet up` again that ended by themselves."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from scripts.local.embedded import EmbeddedRedis
from scripts.local.processes import Part, PartDied, Processes
from scripts.local.restarts import Restarts

REDIS = "redis"


class Change(StrEnum):
    """A turn in the life of a part."""

    ENDED = "ended"
    STARTED = "started"
    STEADY = "steady"


@dataclass(frozen=True, slots=True)
class PartNews:
    """A turn, with the reason in words where there is one."""

    name: str
    change: Change
    why: str = ""


class Supervisor:
    """Watches the parts that run now, and the embedded Redis if there is one. Call `look` about once a second.

    From the process's main thread: parts end with the thread that started them.
    """

    def __init__(
        self, processes: Processes, redis: EmbeddedRedis | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._processes = processes
        self._redis = redis
        self._clock = clock
        self._parts: dict[str, Part] = {}
        self._lives: dict[str, Restarts] = {}

    def look(self) -> list[PartNews]:
        """Starts what ended and is due. Returns the turns since the last look. Raises PartDied."""
        now = self._clock()
        return [*self._ends(now), *self._starts(now), *self._steady(now)]

    def _ends(self, now: float) -> Iterator[PartNews]:
        for part in self._processes.running():
            self._parts[part.name] = part
            self._lives.setdefault(part.name, Restarts(now))
        for part, status in self._processes.take_ended():
            yield self._ended(part.name, status, now)
        if self._redis is None:
            return
        life, redis_status = self._lives.setdefault(REDIS, Restarts(now)), self._redis.ended()
        if redis_status is not None and life.due is None:
            yield self._ended(REDIS, redis_status, now)

    def _ended(self, name: str, status: int, now: float) -> PartNews:
        life = self._lives[name]
        life.ended(status, now)
        if life.cannot_start(status):
            times = f" {life.ends} times, the last time" if life.ends > 1 else ""
            raise PartDied(f"{name} cannot be started: it ended{times} {_how(status)}:\n{self._last_words(name)}")
        return PartNews(name, Change.ENDED, _how(status))

    def _starts(self, now: float) -> Iterator[PartNews]:
        for name, life in self._lives.items():
            if life.due is None or life.due > now:
                continue
            if name == REDIS and self._redis is not None:
                if not self._redis.start_again():
                    life.ended(self._redis.ended() or 0, self._clock())
                    continue
            else:
                try:
                    self._processes.start(self._parts[name])
                except OSError:  # no memory, no process free: the machine's trouble, and it may pass
                    life.ended(-signal.SIGKILL, self._clock())
                    continue
            life.started(self._clock())
            yield PartNews(name, Change.STARTED)

    def _steady(self, now: float) -> Iterator[PartNews]:
        return (PartNews(name, Change.STEADY) for name, life in self._lives.items() if life.look(now))

    def _last_words(self, name: str) -> str:
        if name == REDIS and self._redis is not None:
            return self._redis.last_words()
        return self._processes.last_words(self._parts[name])


def _how(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"
