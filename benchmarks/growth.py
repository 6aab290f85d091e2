"""What a fleet's work costs with 10 thousand and with a million ended tasks: dispatch, claim, record, janitors, lists.

`python -m benchmarks.growth`. One MariaDB that waits for its disk, with two ledgers that it fills itself
(benchmarks/growth_seed.py), or two that were filled before (`--seeded SMALL LARGE`; `--keep` fills them and waits).
The same round (benchmarks/growth_round.py) runs in both in turns. Below FLOOR_MS a ratio is noise of the connection;
the rows that the server reads for each step are counted besides, in rounds of their own: they do not depend on how
busy the machine is.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from redis import Redis as Client
from sqlalchemy import Engine

from benchmarks.growth_round import Fleet, Meter
from benchmarks.growth_seed import grow
from benchmarks.seed import PATIENT
from benchmarks.trial import percentile
from models.database.engine import connect
from models.migrate import upgrade
from tests.support.arguments import at_least
from tests.support.fleet import reach_redis
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB, Redis
from workers.app import app
from workers.runtime.broker import broker

# An index of millions of rows is sorted in pieces of this buffer, and the pieces are merged in twos: with the usual
# megabyte, eight times over a month.
SERVER = ("--innodb-log-file-size=1G", "--innodb-sort-buffer-size=64M")
# Holds a million tasks with their indexes, attempts and changes; with 1 GB, planting reads pages of indexes from disk.
POOL = "4G"
FLOOR_MS = 2.0
MOST_RATIO = 1.3
FEW_RECORDS = 100_000
WARM, COUNTED = 3, 3  # rounds before those that are timed, and after them
Values = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def main() -> int:
    """Measure, print, write benchmarks/results/growth.json; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=at_least(1), default=10_000)
    parser.add_argument("--large", type=at_least(1), default=1_000_000)
    parser.add_argument("--rows", type=at_least(1), default=1_000_000, help="Records in the large ledger.")
    parser.add_argument("--pool", default=POOL, help="The server's buffer pool.")
    parser.add_argument("--rounds", type=at_least(1), default=20, help="At most 94 a day: an account has 40 actions.")
    parser.add_argument("--seeded", nargs=2, metavar="URL", help="Ledgers that were filled before.")
    parser.add_argument("--keep", action="store_true", help="Fill the ledgers, say where they are, and wait.")
    asked = parser.parse_args()
    with ExitStack() as stack:
        engines = _ledgers(stack, asked)
        if asked.keep:
            print("--seeded", *(engine.url for engine in engines), "; Ctrl-C ends", flush=True)
            sys.stdin.read()
            return 0
        redis = stack.enter_context(Redis())
        reach_redis(redis.url)
        client = stack.enter_context(Client.from_url(redis.url, socket_timeout=30))
        seconds, rows = measure(engines, client, asked.rounds)
    return report(seconds, rows, asked)


def _ledgers(stack: ExitStack, asked: argparse.Namespace) -> list[Engine]:
    """Connect to both ledgers, filled now if they were not before."""
    if asked.seeded:
        return [_connected(stack, url) for url in asked.seeded]
    server = stack.enter_context(MariaDB(*SERVER, f"--innodb-buffer-pool-size={asked.pool}", durable=True))
    engines = [_connected(stack, stack.enter_context(server.database())) for _ in range(2)]
    sizes = ((asked.small, min(FEW_RECORDS, asked.rows)), (asked.large, asked.rows))
    server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")  # a seed that is lost is made again
    for engine, (tasks, records) in zip(engines, sizes, strict=True):
        upgrade(engine)
        began = time.monotonic()
        grow(engine, tasks, records)
        print(f"{tasks} tasks, {records} records written in {time.monotonic() - began:.0f} s", flush=True)
    server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    return engines


def _connected(stack: ExitStack, url: str) -> Engine:
    engine = connect(url, PATIENT)
    stack.callback(engine.dispose)
    return engine


def measure(engines: Sequence[Engine], redis: Client, rounds: int) -> tuple[Values, Values]:
    """Each step's seconds in both ledgers, and the rows that the server read for it."""
    meters = [Meter(engine) for engine in engines]
    carrier = broker(app.conf.broker_url)
    fleets = [Fleet(engine, redis, meter, carrier) for engine, meter in zip(engines, meters, strict=True)]
    for number in range(WARM + rounds + COUNTED):
        for fleet in fleets if number % 2 else reversed(fleets):
            if number == WARM:
                fleet.meter.forget()
            fleet.meter.counts = number >= WARM + rounds
            fleet.work()
    for meter in meters:
        meter.close()
    small, large = meters
    return _pairs(small.seconds, large.seconds), _pairs(small.rows, large.rows)


def _pairs(small: Mapping[str, Sequence[float]], large: Mapping[str, Sequence[float]]) -> Values:
    return {name: (small[name], large[name]) for name in small}


def ratio(pair: tuple[Sequence[float], Sequence[float]]) -> float:
    """The median with many tasks by that with few, each no less than the floor."""
    small, large = (max(1000 * statistics.median(some), FLOOR_MS) for some in pair)
    return large / small


def report(seconds: Values, rows: Values, asked: argparse.Namespace) -> int:
    """The table; the worst ratio as target."""
    lines = []
    for name, pair in seconds.items():
        middles = [1000 * statistics.median(some) for some in pair]
        high = [1000 * percentile(some, 0.95) for some in pair]
        lines.append(Line(name, (*middles, *high, ratio(pair), *map(statistics.median, rows[name]))))
    worst = max(seconds, key=lambda name: ratio(seconds[name]))
    measured: dict[str, Any] = {
        "tasks": [asked.small, asked.large],
        "records": [min(FEW_RECORDS, asked.rows), asked.rows],
        "rounds": asked.rounds,
        "floor_ms": FLOOR_MS,
        "ms": {name: [[round(1000 * one, 3) for one in some] for some in pair] for name, pair in seconds.items()},
        "rows_read": {name: list(map(statistics.median, pair)) for name, pair in rows.items()},
    }
    targets = [Target(f"{asked.large} by {asked.small} ended tasks, {worst}", ratio(seconds[worst]), MOST_RATIO)]
    few, many = f"{asked.small:,}", f"{asked.large:,}"
    headings = (
        f"{few}, p50 ms",
        f"{many}, p50",
        f"{few}, p95",
        f"{many}, p95",
        "ratio",
        f"{few}, rows",
        f"{many}, rows",
    )
    title = f"a step of the fleet's work, with {few} and {many} ended tasks; rows that the server reads for it"
    return finish("growth", title, headings, lines, measured, targets)


if __name__ == "__main__":
    sys.exit(main())
