"""Beside the fleet: stock Celery, whose worker is killed while a task runs, and whose task is revoked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from threading import Event
from uuid import uuid4

from benchmarks.stock_canvas import POOL_QUEUE
from benchmarks.stock_fleet import StockFleet, kill_tree
from benchmarks.stock_sender import sender
from benchmarks.stock_told import Line
from benchmarks.takeover_rounds import LOOK_SECONDS, calls_since, reading
from benchmarks.trial import QUIET_SECONDS, last_touch, quiet, run_again
from tests.support.poll import wait_until

STOCK_SECONDS = 300.0  # what nobody took over by then counts as this long
BEGIN_SECONDS = 120.0
MIDDLE_SECONDS = 2.0  # a task runs for so long before it is struck


@dataclass(frozen=True, slots=True)
class StockTrials:
    """Seconds from a killed worker to the next worker's first call for its task (None: not within STOCK_SECONDS),
    and from a revoke with terminate to the last call."""

    takeovers: Sequence[float | None]
    stops: Sequence[float]


def stock_trials(folder: Path, trials: int, seed: int, speed: float) -> StockTrials:
    """`trials` workers killed at one moment while as many are idle; then as many running tasks revoked."""
    with StockFleet(folder, 2 * trials, seed, speed) as fleet:
        bench = _Stock(fleet)
        return StockTrials(bench.takeovers(trials), bench.stops(trials))


class _Stock:
    def __init__(self, fleet: StockFleet) -> None:
        self._fleet = fleet
        self._app = sender(fleet.redis.url)
        self._work = cycle(reading(fleet.get("/world")["authors"]))

    def takeovers(self, count: int) -> list[float | None]:
        """Kill the workers that run, and watch until others run their tasks."""
        struck: dict[str, float] = {}
        for run in self._begin(count):
            struck[run["task"]] = time.time()
            kill_tree(self._fleet.workers[run["serial"]].pid)
        until = time.monotonic() + STOCK_SECONDS
        found = self._found(struck)
        while None in found and time.monotonic() < until:
            Event().wait(LOOK_SECONDS)
            found = self._found(struck)
        for task_id in struck:
            self._app.control.revoke(task_id, terminate=True)
        return found

    def stops(self, count: int) -> list[float]:
        """Revoke what runs."""
        asked: dict[str, float] = {}
        for run in self._begin(count):
            asked[run["serial"]] = time.time()
            self._app.control.revoke(run["task"], terminate=True)
        wait_until(lambda: self._quiet(asked), BEGIN_SECONDS, "the revoked tasks' phones to be left alone")
        calls = calls_since(self._fleet, min(asked.values()))
        return [last_touch(at, calls[serial]) for serial, at in asked.items()]

    def _begin(self, count: int) -> list[Line]:
        """So many tasks, each of which was seen to call its phone, in the middle of their work."""
        wait_until(lambda: self._quiet(self._fleet.workers), BEGIN_SECONDS, "all phones to be idle", every=LOOK_SECONDS)
        sent = [str(uuid4()) for _ in range(count)]
        for one in sent:
            params = next(self._work) | {"plan_id": one}
            self._app.send_task("collect_comments", kwargs=params, task_id=one, queue=POOL_QUEUE)

        def at_work() -> list[Line]:
            runs = [run for run in self._runs() if run["task"] in sent]
            called = {phone["serial"]: phone["last_call_at"] or 0.0 for phone in self._fleet.get("/phones")}
            return runs if sum(called[run["serial"]] > run["at"] for run in runs) == count else []

        runs = wait_until(at_work, BEGIN_SECONDS, f"{count} stock tasks to run", every=LOOK_SECONDS)
        Event().wait(MIDDLE_SECONDS)
        return runs

    def _runs(self) -> list[Line]:
        return [line for line in self._fleet.told() if line["event"] == "began"]

    def _found(self, struck: Mapping[str, float]) -> list[float | None]:
        runs, calls = self._runs(), calls_since(self._fleet, min(struck.values()))
        return [run_again(task, at, runs, calls) for task, at in struck.items()]

    def _quiet(self, serials: Iterable[str]) -> bool:
        return quiet(calls_since(self._fleet, time.time() - 2 * QUIET_SECONDS), serials, time.time())
