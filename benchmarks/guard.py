"""Holds what a quick task costs to the committed figures of `benchmarks.dispatch`; `.ci/run` runs it, in a minute.

`python -m benchmarks.guard`. It compares what does not depend on the machine: the time of a task by that of Celery with
late acknowledgement and results in the same MariaDB, measured in one run, and statements and commits for each task. A
cost may grow by a quarter. Where one has grown more it is measured again, twice at most, and the least counts: what
else the machine does makes a run dearer, and none cheaper.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.dispatch import Bench, Measured
from benchmarks.dispatch_sides import phonefleet, stock
from tests.support.report import RESULTS, Line, Target, finish
from tests.support.servers import MariaDB, Redis

WORKERS = 8
TASKS = 1000  # of a round, as in the committed run
TRIES = 3
MOST_GROWTH = 1.25
STATEMENTS, COMMITS = "Questions", "Com_commit"

Costs = Mapping[str, float]


def costs_of(ours: float, durable: float, counted: Mapping[str, float]) -> Costs:
    """Returns the costs of a task. `ours`, `durable`: tasks a second; `counted`: of our database, for each task."""
    return {
        "time of a task by Celery's with MariaDB": durable / ours,
        "statements": counted[STATEMENTS],
        "commits": counted[COMMITS],
    }


def committed_costs(file: Path = RESULTS / "dispatch.json") -> Costs:
    """Returns the costs in the committed result of `benchmarks.dispatch`."""
    measured: dict[str, Any] = json.loads(file.read_text())["measured"]
    ours, durable = (measured["sides"][f"{name} {WORKERS}"] for name in ("phonefleet", "Celery, MariaDB"))
    middle, durable_middle = (statistics.median(one["per_second"]) for one in (ours, durable))
    return costs_of(middle, durable_middle, ours["counted"])


def least(before: Costs, now: Costs) -> Costs:
    """Returns the least of each cost in two runs; `before` may be empty."""
    return {name: min(cost, before.get(name, cost)) for name, cost in now.items()}


def targets_of(costs: Costs, committed: Costs) -> list[Target]:
    """Returns each cost and the most that it may be."""
    return [Target(name, cost, MOST_GROWTH * committed[name]) for name, cost in costs.items()]


def measure() -> Costs:
    """Returns the costs of a task in one run, on servers of its own that wait for their disk."""
    with ExitStack() as stack:
        redis = stack.enter_context(Redis())
        maria = stack.enter_context(MariaDB(durable=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phonefleet-bench-")))
        ledger, results = (stack.enter_context(maria.database()) for _ in range(2))
        bench = Bench(maria, redis, TASKS)
        with phonefleet(folder, ledger, redis.url, WORKERS) as side:
            ours = bench.measure(side, database=True)
        with stock(redis.url, results, WORKERS) as side:
            durable = bench.measure(side, database=True)
    return costs_of(_middle(ours), _middle(durable), ours.counted)


def _middle(one: Measured) -> float:
    return statistics.median(one.per_second)


def main() -> int:
    """Measures and reports. Returns 1 when a cost grew by more than a quarter in each of three runs."""
    committed = committed_costs()
    runs: list[Costs] = []
    best: Costs = {}
    while len(runs) < TRIES and not (best and all(target.ok for target in targets_of(best, committed))):
        runs.append(measure())
        best = least(best, runs[-1])
    lines = [Line(name, (cost, committed[name], cost / committed[name])) for name, cost in best.items()]
    title = f"what a task costs that does nothing, with {WORKERS} workers; the least of {len(runs)} runs"
    found = {"runs": runs, "committed": committed}
    return finish("guard", title, ("now", "committed", "by it"), lines, found, targets_of(best, committed))


if __name__ == "__main__":
    sys.exit(main())
