"""Measures what the gateway adds to bare FastAPI routes for submit and status, and the time of callbacks.

`python -m benchmarks.gateway --requests 600`. One durable MariaDB, one Redis, and on them a gateway
and the bare routes of benchmarks/bare.py, each one process. Rounds of both take turns, and the middle
round counts: with one request at a time, whose latency it shows, then with many at once. Requests are sealed and
signed before the clock starts; afterwards an answer of each round is opened.

Then a thousand callbacks to an endpoint that takes 200 ms, beside a bare pool of threads (benchmarks/callbacks.py).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from sqlalchemy import Engine

from benchmarks import bare, callbacks, load
from benchmarks.callbacks import CallbackTimes
from benchmarks.load import Measured, send_all
from gateway.keys.api_keys import KeySpec, make_key
from gateway.protocol.seal import open_sealed, seal, sign
from gateway.protocol.signed_text import KEY_HEADER, REQUEST, of_request
from models.database.engine import connect
from models.migrate import upgrade
from models.responsible_use.authors import register_author
from scripts.local.embedded import free_port
from scripts.local.processes import COORDINATOR, DELIVERY, Part, Processes, gateway, python
from tests.support.arguments import at_least
from tests.support.poll import wait_until
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB, Redis

ROUNDS = 5
START_SECONDS = 60.0
AUTHOR = "xiaopeng"
BODY = {"flow": "collect_titles", "params": {"author_id": AUTHOR, "count": 2}}

LEAST_SUBMIT = 0.6  # of bare, with one at once as with many
LEAST_STATUS, LEAST_STATUS_ALONE = 0.5, 0.4  # with many at once; with one


@dataclass(frozen=True, slots=True)
class Sides:
    """Rounds of the gateway and of the bare routes, in turns."""

    ours: Sequence[Measured]
    bare: Sequence[Measured]

    def middle(self, side: Sequence[Measured]) -> Measured:
        """The middle round by requests a second."""
        return sorted(side, key=lambda one: one.per_second)[len(side) // 2]

    @property
    def ratio(self) -> float:
        """Ours of bare, round by round, the middle one: what disturbs the machine disturbs both of a round."""
        return statistics.median(
            ours.per_second / bare.per_second for ours, bare in zip(self.ours, self.bare, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """Submit and status, with so many requests at once."""

    connections: int
    submit: Sides
    status: Sides

    def sides(self) -> Sequence[tuple[str, Sides, float]]:
        """Each with its name, and how much of bare it must be."""
        least_status = LEAST_STATUS_ALONE if self.connections == 1 else LEAST_STATUS
        return (
            (f"submit, {self.connections} at once", self.submit, LEAST_SUBMIT),
            (f"status, {self.connections} at once", self.status, least_status),
        )


class Bench:
    """Both servers on one ledger."""

    def __init__(self, engine: Engine, ours: int, bare_port: int, count: int) -> None:
        self._engine = engine
        self._ours = ours
        self._bare = bare_port
        self._count = count
        spec = KeySpec("bench", "bench", rate_per_second=10_000, most_waiting=1_000_000)
        self._key_id, self._secret = make_key(engine, spec, who="bench")

    def measure(self, connections: int) -> Sent:
        """Submit and status, with so many requests at once."""
        submits, task_ids, job_ids = self._submits(connections)
        return Sent(connections, submits, self._looks(task_ids, job_ids, connections))

    def _submits(self, connections: int) -> tuple[Sides, list[str], list[str]]:
        """Submit on both sides, and the ids of what was planted there."""
        ours, plain = [], []
        for _ in range(ROUNDS):
            asked = [self._sealed("POST", "/v1/tasks", {**BODY, "reference": str(uuid4())}) for _ in range(self._count)]
            ours.append(send_all(self._ours, asked, 201, connections))
            body = json.dumps({**BODY, "reference": "x"}).encode()
            job = load.request("POST", "/jobs", {"content-type": "application/json"}, body)
            plain.append(send_all(self._bare, [job] * self._count, 201, connections))
        task_ids = [str(self._opened(body)["id"]) for body in ours[-1].bodies]
        return Sides(ours, plain), task_ids, [json.loads(body)["id"] for body in plain[-1].bodies]

    def _looks(self, task_ids: Sequence[str], job_ids: Sequence[str], connections: int) -> Sides:
        """Status on both sides."""
        ours, plain = [], []
        for _ in range(ROUNDS):
            asked = [self._sealed("GET", f"/v1/tasks/{one}", None) for one in task_ids]
            ours.append(send_all(self._ours, asked, 200, connections))
            jobs = [load.request("GET", f"/jobs/{one}", {}, b"") for one in job_ids]
            plain.append(send_all(self._bare, jobs, 200, connections))
            assert self._opened(ours[-1].bodies[0])["state"] == "ready"
        return Sides(ours, plain)

    def _sealed(self, method: str, target: str, payload: dict[str, Any] | None) -> bytes:
        now, request_id = datetime.now(UTC), f"req_{uuid4().hex}"
        body = b""
        if payload is not None:
            body = seal(payload, secret=self._secret, event_type=REQUEST, id=request_id, now=now)
        headers = sign(request_id, int(now.timestamp()), of_request(method, target, body), [self._secret])
        return load.request(method, target, {KEY_HEADER: self._key_id, **headers}, body)

    def _opened(self, body: bytes) -> Any:
        return open_sealed(body, [self._secret])


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--requests", type=at_least(1), default=600, help="in each round, on each side (default 600)")
    several = [1, load.CONNECTIONS]
    parser.add_argument(
        "--connections", type=at_least(1), nargs="+", default=several, help=f"at once (default {several})"
    )
    parser.add_argument("--callbacks", type=at_least(0), default=callbacks.CALLBACKS, help="0 for none")
    told = parser.parse_args()
    count = told.requests
    with ExitStack() as stack:
        redis = stack.enter_context(Redis())
        url = stack.enter_context(stack.enter_context(MariaDB(durable=True)).database())
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        environment = callbacks.environment(url, redis.url, var)
        engine = connect(url)
        stack.callback(engine.dispose)
        upgrade(engine)
        bare.make_table(engine)
        register_author(engine, AUTHOR, "小鹏汽车")
        processes = stack.enter_context(Processes(var / "log", environment))
        ours, plain = _started(processes, "gateway"), _started(processes, "benchmarks.bare")
        bench = Bench(engine, ours, plain, count)
        sent = [bench.measure(connections) for connections in told.connections]
        times = None
        if told.callbacks:
            processes.start(COORDINATOR)
            processes.start(DELIVERY)
            times = callbacks.measure(engine, processes, told.callbacks)
    return _report(count, sent, times)


def _started(processes: Processes, module: str) -> int:
    port = free_port()
    part = gateway(port) if module == "gateway" else Part(module, python("-m", module, "--port", str(port)))
    processes.start(part)

    def answers() -> bool:
        processes.check()
        try:
            return requests.get(f"http://127.0.0.1:{port}/openapi.json", timeout=5).ok
        except requests.ConnectionError:
            return False

    wait_until(answers, START_SECONDS, f"{module} to answer")
    return port


def _report(count: int, sent: Sequence[Sent], times: CallbackTimes | None) -> int:
    lines: list[Line] = []
    measured: dict[str, Any] = {}
    targets: list[Target] = []
    for one in sent:
        for name, sides, least in one.sides():
            for who, side in (("gateway", sides.ours), ("bare", sides.bare)):
                middle = sides.middle(side)
                lines.append(Line(f"{name}, {who}", (middle.per_second, middle.p99_ms)))
                measured[f"{name}, {who}"] = {
                    "per_second": middle.per_second,
                    "p99_ms": middle.p99_ms,
                    "rounds_per_second": [one.per_second for one in side],
                }
            lines.append(Line(f"{name}, of bare", (sides.ratio, "")))
            targets.append(Target(f"{name}, of bare", sides.ratio, least, at_least=True))
    if times is not None:
        lines += times.lines()
        measured |= times.measured()
        targets += times.targets()
    return finish(
        "gateway",
        f"gateway beside bare routes: {ROUNDS} rounds of {count} requests",
        ("a second", "p99 ms"),
        lines,
        {"requests": count, **measured},
        targets,
    )


if __name__ == "__main__":
    sys.exit(main())
