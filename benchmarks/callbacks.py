"""A thousand callbacks to an endpoint that takes 200 ms, beside a bare thread pool with requests.

`python -m benchmarks.callbacks`. One durable MariaDB, one Redis, a coordinator, a delivery worker, and the endpoint
(benchmarks/endpoint.py), each one process. Rounds of both sides take turns, and the middle ratio counts. Ours: from the
moment at which the callbacks are owed to the answer to the last one. Bare: a thread pool with as many threads as
phonefleet has callbacks under way at one receiver, a session for each thread, kept alive, and the same bytes.

Then fifty lanes that hang, half of them of one customer, and meanwhile callbacks to a healthy receiver: the longest
time from the moment at which one was owed to the start of its try, by the ledger's clock.
"""

from __future__ import annotations

import base64
import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from gateway.keys.api_keys import KeySpec, make_key
from gateway.protocol.seal import Secret, seal, sign
from models.database.clock import database_now
from models.database.engine import connect
from models.migrate import upgrade
from models.notify.deliveries import owe
from models.notify.events import Event
from models.tables import Delivery, DeliveryAttempt
from models.transactions.read_write import write
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, DELIVERY, Part, Processes, python
from tests.support.poll import wait_until
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB, Redis
from workers.dispatch.messages import MOST_IN_A_LANE
from workers.settings import settings

ROUNDS = 3
CALLBACKS = 1000
CALLBACK_SECONDS = 0.2
TIMEOUT = 15.0
START_SECONDS = 60.0
LONGEST = 120.0

HOSTILE = 50
HOSTILE_SECONDS = 5.0
WAITS = 20

MOST_OF_BARE = 1.5
MOST_WAIT = 2.0


@dataclass(frozen=True, slots=True)
class CallbackTimes:
    """Seconds of each round until the last callback was answered, on both sides; and the waits beside hostile lanes."""

    count: int
    ours: Sequence[float]
    bare: Sequence[float]
    waits: Sequence[float]

    @property
    def ratio(self) -> float:
        """Ours of bare, round by round, the middle one: what disturbs the machine disturbs both of a round."""
        return statistics.median(ours / bare for ours, bare in zip(self.ours, self.bare, strict=True))

    def lines(self) -> list[Line]:
        """The lines of a table: the middle of all rounds."""
        name = f"{self.count} callbacks to {CALLBACK_SECONDS * 1000:.0f} ms, seconds"
        return [
            Line(name, (statistics.median(self.ours), "")),
            Line(f"the same, bare pool of {MOST_IN_A_LANE} threads", (statistics.median(self.bare), "")),
            Line("callbacks, of bare", (self.ratio, "")),
            Line(f"longest wait beside {HOSTILE} lanes that hang, seconds", (max(self.waits), "")),
        ]

    def measured(self) -> dict[str, Any]:
        """Every single value."""
        return {
            "callbacks": self.count,
            "callbacks_seconds": list(self.ours),
            "callbacks_bare_seconds": list(self.bare),
            "callbacks_waits_beside_hostile": list(self.waits),
        }

    def targets(self) -> list[Target]:
        """At most half as much again as a bare pool, and 2 seconds."""
        return [
            Target("callbacks, of bare", self.ratio, MOST_OF_BARE),
            Target("longest wait beside hostile lanes, seconds", max(self.waits), MOST_WAIT),
        ]


class Endpoint:
    """The endpoint's process, from outside."""

    def __init__(self, processes: Processes, name: str, seconds: float) -> None:
        port = free_port()
        self.origin = f"http://127.0.0.1:{port}"
        told = ("--port", str(port), "--seconds", str(seconds))
        processes.start(Part(name, python("-m", "benchmarks.endpoint", *told)))
        wait_until(self._answers, START_SECONDS, "the endpoint to answer")

    def begin(self) -> float:
        """Counts from now on; the time."""
        requests.delete(f"{self.origin}/arrived", timeout=TIMEOUT).raise_for_status()
        return time.monotonic()

    def seconds_until(self, count: int, began: float) -> float:
        """Waits for so many answers; the seconds from `began` to the last one."""

        def last() -> float:
            told = requests.get(f"{self.origin}/arrived", timeout=TIMEOUT).json()
            return float(told["last"]) if told["count"] >= count else 0.0

        return wait_until(last, LONGEST, f"{count} callbacks to arrive", every=0.1) - began

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.origin}/arrived", timeout=5).ok
        except requests.ConnectionError:
            return False


def measure(engine: Engine, processes: Processes, count: int = CALLBACKS) -> CallbackTimes:
    """Both sides in turns, then the hostile lanes. A coordinator and a delivery worker run already."""
    endpoint = Endpoint(processes, "endpoint", CALLBACK_SECONDS)
    key_id, secret = make_key(engine, KeySpec("callbacks", "bench", allowlist=[endpoint.origin]), who="bench")
    url = f"{endpoint.origin}/callbacks"
    began = endpoint.begin()
    write(engine, lambda session: _owe(session, key_id, url, 1))
    endpoint.seconds_until(1, began)  # the senders are at work
    ours, bare = [], []
    for _ in range(ROUNDS):
        endpoint.begin()
        write(engine, lambda session: _owe(session, key_id, url, count))
        ours.append(endpoint.seconds_until(count, time.monotonic()))
        bare.append(_bare_pool(endpoint, url, secret, MOST_IN_A_LANE, count))
    return CallbackTimes(count, ours, bare, _waits_beside_hostile(engine, processes, endpoint, key_id))


def _waits_beside_hostile(engine: Engine, processes: Processes, healthy: Endpoint, key_id: str) -> list[float]:
    """Seconds that each of the healthy receiver's callbacks waited, while fifty lanes hang."""
    hangs = Endpoint(processes, "hangs", LONGEST)
    for number in range(HOSTILE):
        customer = "hostile" if number % 2 else f"hostile {number}"
        hostile_id, _ = make_key(engine, KeySpec("hostile", customer, allowlist=[hangs.origin]), who="bench")
        write(engine, lambda session, one=hostile_id: _owe(session, one, f"{hangs.origin}/{uuid4()}", 30))  # type: ignore[misc]
    time.sleep(HOSTILE_SECONDS)  # they take what threads they can get
    began = healthy.begin()
    url = f"{healthy.origin}/callbacks"
    for sent in range(1, WAITS + 1):
        write(engine, lambda session: _owe(session, key_id, url, 1))
        healthy.seconds_until(sent, began)
    tries = (
        select(DeliveryAttempt.started_at, Delivery.created_at)
        .join(Delivery, Delivery.number == DeliveryAttempt.delivery)
        .where(Delivery.key_id == key_id)
        .order_by(Delivery.number.desc())
        .limit(WAITS)
    )

    def waits() -> list[float]:
        with Session(engine) as session:
            found = session.execute(tries.where(Delivery.state == "delivered")).all()
        return [(one.started_at - one.created_at).total_seconds() for one in found]

    wait_until(lambda: not _owed(engine, key_id), LONGEST, "the last results to be written", every=0.1)
    return waits()


def _owed(engine: Engine, key_id: str) -> int:
    with Session(engine) as session:
        owed = select(func.count()).where(Delivery.key_id == key_id, Delivery.state == "owed")
        return session.scalar(owed) or 0


def _bare_pool(endpoint: Endpoint, url: str, secret: Secret, threads: int, count: int) -> float:
    """The seconds of a good script; the bodies are sealed and signed before the clock starts."""
    now, mine = datetime.now(UTC), threading.local()
    bodies = []
    for _ in range(count):
        webhook_id, event = str(uuid4()), _event()
        body = seal(event.payload, secret=secret, event_type=event.type, id=webhook_id, now=now)
        headers = sign(webhook_id, int(now.timestamp()), body, [secret])
        bodies.append((body, {"Content-Type": "application/json", **headers}))

    def session() -> requests.Session:
        if not hasattr(mine, "session"):
            mine.session = requests.Session()
        return mine.session  # type: ignore[no-any-return]

    def post(one: tuple[bytes, dict[str, str]]) -> None:
        session().post(url, data=one[0], headers=one[1], timeout=TIMEOUT).raise_for_status()

    began = endpoint.begin()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(post, bodies))
    return endpoint.seconds_until(count, began)


def _event() -> Event:
    task_id = str(uuid4())
    return Event("task.succeeded", f"task:{task_id}", {"task_id": task_id})


def _owe(session: Session, key_id: str, url: str, count: int) -> None:
    now = database_now(session)
    for _ in range(count):
        owe(session, key_id, url, _event(), now)


def environment(url: str, redis_url: str, var: Path) -> dict[str, str]:
    """Sets and returns the environment of every process of the benchmark."""
    told = {
        "PHONEFLEET_DATABASE_URL": url,
        "PHONEFLEET_REDIS_URL": redis_url,
        "PHONEFLEET_VAR": str(var),
        "PHONEFLEET_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "PHONEFLEET_CALLBACK_NETWORKS": "127.0.0.0/8",
        "PHONEFLEET_LOG": "WARNING",
    }
    os.environ.update(told)
    settings.cache_clear()
    return told


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    with ExitStack() as stack:
        redis = stack.enter_context(Redis())
        url = stack.enter_context(stack.enter_context(MariaDB(durable=True)).database())
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        told = environment(url, redis.url, var)
        engine = connect(url)
        stack.callback(engine.dispose)
        upgrade(engine)
        processes = stack.enter_context(Processes(var / "log", told))
        processes.start(COORDINATOR)
        processes.start(DELIVERY)
        times = measure(engine, processes)
    title = f"callbacks beside a bare pool: {ROUNDS} rounds"
    return finish("callbacks", title, ("", ""), times.lines(), times.measured(), times.targets())


if __name__ == "__main__":
    sys.exit(main())
