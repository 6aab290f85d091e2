"""Records at two sizes: pages by every filter and every two, deep pages, totals, the search in the texts; and a
worker's record transaction.

`python -m benchmarks.records --rows 10000000`. One MariaDB, which makes the rows itself: `benchmarks/seed.py`; or three
ledgers that it filled before, with `--seeded TINY SMALL LARGE`. The same questions are asked at both sizes in turns,
each with another value every time. The record transaction is compared with a third ledger, of 10,000 records. A ledger
has a collected comment for ten records, and 10,000 comments of popular authors whatever its size. Below FLOOR_MS a
ratio is noise of the connection.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import combinations
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from benchmarks.searches import FEW, Search, searches
from benchmarks.seed import PATIENT, seed_all
from benchmarks.seed_columns import CAMPAIGN, START, YEAR
from models.database.engine import connect
from models.history.records.filters import RecordFilter
from models.history.records.read import records_page
from models.history.records.totals import record_total
from models.migrate import upgrade
from models.transactions.read_write import read
from tests.support.arguments import at_least
from tests.support.ledger.drive import desk_worker, plant, ready, take, work
from tests.support.report import Line, Target, finish
from tests.support.servers import MariaDB
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record

Times = dict[str, tuple[list[float], list[float]]]
MOST_MS, MOST_RATIO, FLOOR_MS, MOST_SLOWER = 50.0, 2.0, 5.0, 1.1
COUNTED = "counted"  # a total of three filters: it is counted row by row, and stops at 10,000 or after a second
THREE = (("account", "author", "outcome"), ("phone", "customer", "flow"), ("campaign", "account", "kind"))
MOST_COUNTING_MS = 1250.0  # the step that passes the second is completed
ROOMY = ("--innodb-buffer-pool-size=4G", "--innodb-log-file-size=512M")
MOST_SEARCH_MS = 200.0
MIDDLE = START + YEAR / 2
TINY = 10_000
FIRST = 2  # the run that counts first: those before find nothing in memory


@dataclass(frozen=True, slots=True)
class Question:
    """A page from a place on, or a total."""

    name: str
    which: RecordFilter
    deep: bool = False
    total: bool = False

    def ask(self, session: Session) -> None:
        """Reads the page, or the total."""
        if self.total:
            record_total(session, self.which)
        else:
            records_page(session, self.which, (MIDDLE, "z") if self.deep else None, 50)


def filters(run: int, campaigns: int) -> Mapping[str, Mapping[str, Any]]:
    """Each filter with the value of this run."""
    week = START + timedelta(days=(37 * run) % 350)
    return {
        "account": {"account": f"acc{(7 * run) % 200:04}"},
        "phone": {"phone": f"SIM{(11 * run) % 200:04}"},
        "author": {"author": f"author{(3 * run) % 50:03}"},
        "campaign": {"campaign": f"campaign-{(101 * run) % campaigns:06}"},
        "customer": {"keys": (f"key_{run % 5}", f"key_{(run + 1) % 5}")},
        "flow": {"flow": ("collect_titles", "collect_comments", "directed", "nurture")[run % 4]},
        "outcome": {"outcome": ("failed", "succeeded", "done", "lost")[run % 4]},
        "kind": {"kind": ("attempt", "comment", "action")[run % 3]},
        "code": {"code": ("video_not_found", "page_drift", "phone_lost")[run % 3]},
        "week": {"since": week, "until": week + timedelta(days=7)},
    }


def questions(run: int, rows: int) -> Iterator[Question | Search]:
    """The questions of one run to a ledger of so many records. What no index serves is asked within a week."""
    given = filters(run, rows // CAMPAIGN)
    none = RecordFilter()
    yield Question("none", none)
    yield Question("none, deep", none, deep=True)
    for name, value in given.items():
        week = given["week"] if name in ("kind", "code") else {}
        which = replace(none, **value, **week)
        yield Question(name, which)
        yield Question(f"{name}, total", which, total=True)
        if name != "week":
            yield Question(f"{name}, deep", which, deep=True)
    for one, other in combinations(given, 2):
        week = given["week"] if {one, other} <= {"kind", "code", "week"} else {}
        which = replace(none, **{**given[one], **given[other], **week})
        yield Question(f"{one} and {other}", which)
        yield Question(f"{one} and {other}, deep", which, deep=True)
        yield Question(f"{one} and {other}, total", which, total=True)
    for names in THREE:
        which = replace(none, **{field: value for name in names for field, value in given[name].items()})
        yield Question(f"{' and '.join(names)}, {COUNTED}", which, total=True)
    yield from searches(run)


def ask(engine: Engine, question: Question | Search) -> float:
    """Milliseconds for one answer."""
    began = time.perf_counter()
    read(engine, question.ask)
    return (time.perf_counter() - began) * 1000


def transactions(engine: Engine, number: int) -> list[float]:
    """Milliseconds of a worker's record transactions."""
    found = []
    for _ in range(number):
        (task,) = ready(engine, plant(engine, work(1)))
        claim = take(engine, task, desk_worker())
        began = time.perf_counter()
        record(engine, claim, Succeeded(1))
        found.append((time.perf_counter() - began) * 1000)
    return found


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def main() -> int:
    """Measure, print, write benchmarks/results/records.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=at_least(1), default=100_000)
    parser.add_argument("--rows", type=at_least(1), default=1_000_000)
    parser.add_argument("--runs", type=at_least(1), default=60, help="Of each question, besides two that do not count.")
    parser.add_argument("--seeded", nargs=3, metavar="URL", help="Ledgers of 10,000, --small and --rows records.")
    asked = parser.parse_args()
    with ExitStack() as stack:
        tiny, *engines = _ledgers(stack, asked)
        times = _answers(engines, (asked.small, asked.rows), asked.runs)
        # in turns: the machine may slow down meanwhile
        recorded: tuple[list[float], list[float]] = ([], [])
        for _ in range(asked.runs):
            for engine, mine in zip((tiny, engines[1]), recorded, strict=True):
                mine.extend(transactions(engine, 10))
    return report(times, recorded, asked.small, asked.rows)


def _ledgers(stack: ExitStack, asked: argparse.Namespace) -> list[Engine]:
    """Connect to the three ledgers, seeded now if they were not before."""
    sizes = (TINY, asked.small, asked.rows)
    urls = asked.seeded
    if not urls:
        server = stack.enter_context(MariaDB(*ROOMY))
        urls = [stack.enter_context(server.database()) for _ in sizes]
    engines = [connect(url, PATIENT) for url in urls]
    for engine, rows in zip(engines, sizes, strict=True):
        stack.callback(engine.dispose)
        if not asked.seeded:
            upgrade(engine)
            began = time.monotonic()
            seed_all(engine, rows)
            print(f"{rows} records written in {time.monotonic() - began:.0f} s", flush=True)
    return engines


def _answers(
    engines: Sequence[Engine], sizes: tuple[int, int], runs: int
) -> dict[str, tuple[list[float], list[float]]]:
    """Ask every question at both sizes; the milliseconds of each."""
    times: Times = {}
    for run in range(runs + FIRST):
        if run == FIRST:
            gc.collect()
            gc.freeze()  # what was made so far is not gone through again while an answer is timed
        for alike in zip(questions(run, sizes[0]), questions(run, sizes[1]), strict=True):
            pair = times.setdefault(alike[0].name, ([], []))
            for engine, mine, question in zip(engines, pair, alike, strict=True):
                took = ask(engine, question)
                if run >= FIRST:
                    mine.append(took)
    return times


def report(
    times: Mapping[str, tuple[list[float], list[float]]],
    recorded: tuple[list[float], list[float]],
    small: int,
    rows: int,
) -> int:
    """The table, the worst question as target."""
    middle = statistics.median
    lines = [Line(name, (middle(one), middle(other), p95(one), p95(other))) for name, (one, other) in times.items()]
    lines.append(Line(f"record an attempt, at {TINY} and {rows}", (*map(middle, recorded), *map(p95, recorded))))
    counted = [name for name in times if name.endswith(COUNTED)]
    searched = [name for name in times if name.startswith("search")]
    others = [name for name in times if name not in counted]
    pages = [name for name in others if name not in searched]
    slowest, counting, searching = (
        max(some, key=lambda name: p95(times[name][1])) for some in (pages, counted, searched)
    )
    grown = partial(_grown, times)
    worst = max((name for name in others if not name.endswith(FEW)), key=grown)
    measured = {"records": [small, rows], "floor_ms": FLOOR_MS, "ms": times, "record_ms": recorded}
    targets = [
        Target(f"p95 of the slowest at {rows}, ms: {slowest}", p95(times[slowest][1]), MOST_MS),
        Target(f"p95 of the slowest search at {rows}, ms: {searching}", p95(times[searching][1]), MOST_SEARCH_MS),
        Target(f"p95 of the slowest count at {rows}, ms: {counting}", p95(times[counting][1]), MOST_COUNTING_MS),
        Target(f"{rows} by {small} records, medians: {worst}", grown(worst), MOST_RATIO),
        Target("a worker's record transaction, medians", middle(recorded[1]) / middle(recorded[0]), MOST_SLOWER),
    ]
    headings = (f"{small}, p50 ms", f"{rows}, p50 ms", f"{small}, p95 ms", f"{rows}, p95 ms")
    return finish("records", "a page of 50 records, or their number", headings, lines, measured, targets)


def _grown(times: Mapping[str, tuple[list[float], list[float]]], name: str) -> float:
    one, other = (max(statistics.median(some), FLOOR_MS) for some in times[name])
    return other / one


if __name__ == "__main__":
    sys.exit(main())
