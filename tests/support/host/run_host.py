"""A host agent whose ledger is a few keys in Redis, which a test reads and writes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from typing import cast

if __name__ == "__main__":
    gc.disable()  # as the product's own host agent

from redis import Redis

from models.fleet.health import Reading
from models.fleet.phones_alive import Alive, SeenAgain
from models.tasks.leases import Renewed
from workers.app import app
from workers.dispatch.tickets import Ticket, publish
from workers.host.__main__ import serve
from workers.runtime.garbage import look_from_now_on
from workers.runtime.log import set_up_logging
from workers.runtime.worker_identity import phone_queue
from workers.settings import settings

PRIORITY = 6


class RedisLedger:
    """Writes down what it is told in the list `told`; leases are in the hash `leases`, stops in the set `stops`.

    What a dead worker held is owed to its phone's queue, in the hash `owed`, until it is rung.
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=5, decode_responses=True)

    def phone_online(self, serial: str, address: str, host: str, model: str, incarnation: str) -> None:
        self._redis.hset("serves", serial, incarnation)
        self._tell("online", serial, address, host, model)

    def phone_offline(self, serial: str, why: str, ago: float) -> None:
        self._tell("offline", serial, why)

    def phone_problem(self, serial: str, state: str, why: str, ago: float) -> None:
        self._tell("problem", serial, state, why)

    def equal_serials(self, serial: str, model: str, phones: Sequence[str]) -> None:
        self._tell("equal", serial, *phones)

    def waits_for_other_host(self, serial: str, address: str, model: str) -> None:
        self._tell("waits", serial, address)

    def forget_phone(self, address: str) -> None:
        self._tell("forget", address)

    def forget_unknown_phones(self) -> None:
        self._tell("forget all")

    def phones_alive(self, incarnations: Sequence[str], seen: Mapping[str, SeenAgain]) -> Alive:
        self._redis.incr("alive", len(incarnations))
        may_work = set(incarnations) - cast("set[str]", self._redis.smembers("not in pool"))
        return Alive(may_work, {}, watched=False)

    def renew_leases(self, running: Mapping[str, str], seconds: float, steps: Mapping[str, str | None]) -> Renewed:
        self._redis.incr("renewals")
        held = cast("dict[str, str]", self._redis.hgetall("leases"))
        return Renewed({incarnation: task for incarnation, task in running.items() if held.get(incarnation) == task})

    def stop_requests(self, running: Mapping[str, str]) -> set[str]:
        return set(running) & cast("set[str]", self._redis.smembers("stops"))

    def incarnations_died(self, whys: Mapping[str, str]) -> list[str]:
        return [task for incarnation, why in whys.items() for task in self._died(incarnation, why)]

    def _died(self, incarnation: str, why: str) -> list[str]:
        held = cast("str | None", self._redis.hget("leases", incarnation))
        self._redis.hdel("leases", incarnation)
        serves = cast("dict[str, str]", self._redis.hgetall("serves"))
        for serial in (serial for serial, one in serves.items() if held and one == incarnation):
            self._redis.hset("owed", held, phone_queue(serial))
        self._tell("died", incarnation, why, held or "")
        return [held] if held else []

    def broker_away(self, place: str, reason: str, remedy: str) -> bool:
        return True

    def broker_well(self) -> None:
        """It keeps no alerts."""

    def adb_full(self, phones: int) -> None:
        self._tell("full", str(phones))

    def adb_has_room(self) -> None:
        self._tell("room")

    def phones_health(self, host: str, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._tell("health", reading.serial, reading.unfit_why or "fit")

    def ring(self) -> None:
        for task_id, queue in cast("dict[str, str]", self._redis.hgetall("owed")).items():
            publish(app, [Ticket(task_id, "sample.long", queue, PRIORITY)])
            self._redis.hdel("owed", task_id)
        self._tell("ring")

    def _tell(self, *words: str) -> None:
        self._redis.rpush("told", "\t".join(words))


if __name__ == "__main__":
    look_from_now_on()
    set_up_logging(settings(), "host")
    sys.exit(serve(settings(), RedisLedger(settings().redis_url)))
