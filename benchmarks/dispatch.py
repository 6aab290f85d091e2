"""Measures dispatch: tasks a second from submission to a durable end, and the time until a task begins.

`python -m benchmarks.dispatch --tasks 1000`. With 1, 8 and 40 workers: phonefleet, Celery with its results in Redis,
Celery with its results in the same MariaDB and late acknowledgement, and the peers of benchmarks/dispatch_peers.py. All
do nothing in their tasks; the databases wait for their disk. Each figure is of tasks that ended; of several rounds the
middle one counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from redis import Redis as Client

from benchmarks.dispatch_peers import KINDS, NotInstalled, PeerKind, check_installed, peer
from benchmarks.dispatch_sides import Side, phonefleet, stock
from benchmarks.peers.start import LATENCIES
from tests.support.arguments import at_least
from tests.support.poll import wait_until
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB, Redis

OURS, CELERY = "phonefleet", "Celery"
WORKERS = (1, 8, 40)
SHARES = (50, 95, 99)
ROUNDS = 3
ONE_BY_ONE = 60  # tasks for the time until a task begins
PAUSE = 0.02  # between these: nothing waits
READY_SECONDS = 120.0
SECONDS_A_TASK = 0.5  # far more than one takes; bounds the wait
COUNTERS = ("Questions", "Com_commit", "Innodb_os_log_written")

SURVIVORS = {OURS, *(kind.heading for kind in KINDS.values() if kind.survives)}  # of the loss of their broker
LEAST = {1: 0.4, 8: 0.6, 40: 0.6}  # of bare Celery's tasks a second
MOST_P50 = 3.0  # times bare Celery's


@dataclass(frozen=True, slots=True)
class Measured:
    """A side with so many workers: each round's tasks a second, seconds until a task began, the database's work.

    The seconds count from the submission, and from the publication of the message.
    """

    per_second: Sequence[float]
    since_submission: Sequence[float]
    since_publication: Sequence[float]
    counted: Mapping[str, float]  # of the database, for each task


def percentile(seconds: Sequence[float], share: int) -> float:
    """That percentile, in milliseconds."""
    return statistics.quantiles(seconds, n=100)[share - 1] * 1000


class Bench:
    """One MariaDB and one Redis for all sides."""

    def __init__(self, maria: MariaDB, redis: Redis, tasks: int) -> None:
        self._maria = maria
        self._redis = redis
        self._tasks = tasks

    def measure(self, side: Side, *, database: bool) -> Measured:
        """Warm the side up; then tasks one by one, and rounds of many."""
        self._all_done(side, 50)
        latencies = self._latencies(side)
        before = self._counters()
        rounds = [self._round(side) for _ in range(ROUNDS)]
        after = self._counters()
        each = {name: (after[name] - before[name]) / (ROUNDS * self._tasks) for name in COUNTERS}
        submitted, published = ([pair[at] for pair in latencies] for at in (0, 1))
        return Measured(rounds, submitted, published, each if database else {})

    def _round(self, side: Side) -> float:
        began = time.monotonic()
        self._all_done(side, self._tasks)
        return self._tasks / (time.monotonic() - began)

    def _all_done(self, side: Side, count: int) -> None:
        wanted = side.done() + count
        side.send(count)
        wait_until(lambda: side.done() >= wanted, READY_SECONDS + SECONDS_A_TASK * count, "the tasks", every=0.1)

    def _latencies(self, side: Side) -> list[tuple[float, float]]:
        with Client.from_url(self._redis.url, socket_timeout=30) as client:
            client.delete(LATENCIES)
            told = []
            for _ in range(ONE_BY_ONE):
                side.send_one()
                found = client.blpop([LATENCIES], 20)
                if found is None:
                    raise RuntimeError("a task did not begin within 20 s")
                since_submission, since_publication = found[1].decode().split()
                told.append((float(since_submission), float(since_publication)))
                time.sleep(PAUSE)
        return told

    def _counters(self) -> dict[str, int]:
        names = ", ".join(f"'{name}'" for name in COUNTERS)
        rows = self._maria.execute(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")
        return {str(name): int(value) for name, value in rows}


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dispatch", description=__doc__)
    parser.add_argument("--tasks", type=at_least(1), default=1000, help="tasks of a round (default 1000)")
    parser.add_argument("--workers", type=at_least(1), nargs="+", default=list(WORKERS), help="default 1 8 40")
    told = "which to measure beside; --peers alone: none (default: all)"
    parser.add_argument("--peers", nargs="*", default=list(KINDS), choices=list(KINDS), help=told)
    asked = parser.parse_args()
    peers = [KINDS[name] for name in asked.peers]
    try:
        check_installed(peers)
    except NotInstalled as error:
        parser.error(str(error))
    found = {workers: _sides(workers, asked.tasks, peers) for workers in asked.workers}
    return _report(asked.tasks, found)


def _sides(workers: int, tasks: int, peers: Sequence[PeerKind]) -> dict[str, Measured]:
    """Each side with so many workers; new servers, so that no side meets another's rows."""
    with ExitStack() as stack:
        redis = stack.enter_context(Redis())
        maria = stack.enter_context(MariaDB(durable=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        ledger, results = (stack.enter_context(maria.database()) for _ in range(2))
        bench = Bench(maria, redis, tasks)
        with stock(redis.url, None, workers) as side:
            bare = bench.measure(side, database=False)
        with phonefleet(folder, ledger, redis.url, workers) as side:
            ours = bench.measure(side, database=True)
        with stock(redis.url, results, workers) as side:
            durable = bench.measure(side, database=True)
        found = {OURS: ours, CELERY: bare, "Celery, MariaDB": durable}
        for kind in peers:
            with peer(kind, redis.url, workers) as side:
                found[kind.heading] = bench.measure(side, database=False)
    return found


def _report(tasks: int, found: Mapping[int, Mapping[str, Measured]]) -> int:
    lines, targets, measured = [], [], {}
    for workers, sides in found.items():
        bare = sides[CELERY]
        for name, one in sides.items():
            ratio = _middle(one.per_second) / _middle(bare.per_second)
            at = [percentile(one.since_publication, share) for share in SHARES]
            submitted = percentile(one.since_submission, 50)
            counted = [one.counted.get(counter, "") for counter in COUNTERS]
            lines.append(
                Line(f"{name} {workers}", (_survives(name), _middle(one.per_second), ratio, *at, submitted, *counted))
            )
            measured[f"{name} {workers}"] = {
                "survives_its_broker": name in SURVIVORS,
                "per_second": list(one.per_second),
                "of_celery": ratio,
                "counted": dict(one.counted),
                "ms_since_publication": dict(zip(map(str, SHARES), at, strict=True)),
                "ms_since_submission": {str(share): percentile(one.since_submission, share) for share in SHARES},
            }
            if name == OURS:
                least = LEAST.get(workers, LEAST[8])
                targets.append(Target(f"of Celery with {workers}", ratio, least, at_least=True))
                slower = at[0] / percentile(bare.since_publication, 50)
                targets.append(Target(f"p50 of Celery's with {workers}", slower, MOST_P50))
                for other in SURVIVORS & sides.keys() - {OURS}:
                    ahead = _middle(one.per_second) / _middle(sides[other].per_second)
                    targets.append(Target(f"of {other} with {workers}", ahead, 1.0, at_least=True))
    return finish(
        "dispatch",
        f"{tasks} tasks a round that do nothing; ms from publication to start, p50 also from submission; for each task",
        ["survives", "per s", "ratio", "p50", "p95", "p99", "sub.", "SQL", "commits", "redo B"],
        lines,
        {"tasks": tasks, "sides": measured},
        targets,
    )


def _survives(name: str) -> str:
    return "yes" if name in SURVIVORS else "no"


def _middle(rounds: Sequence[float]) -> float:
    return statistics.median(rounds)


if __name__ == "__main__":
    sys.exit(main())
