"""How long the dead are missed, and how soon a stopped phone is left alone.

`python -m benchmarks.takeover --trials 100`. A whole fleet reads comments at the pace of real
phones; half of its phones are busy. Death after death, each kind in turn: from the signal or fault
to the first call that another phone gets for the task. Then stops: from the request to the end of
the last call to the phone, its way home included. Beside it stock Celery, whose worker is killed.
In the table `noticed` is the median until the ledger knew, `never` counts what nobody took over
while it was watched, and what counts as that long.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.stock import VISIBILITY_SECONDS
from benchmarks.takeover_kinds import KINDS
from benchmarks.takeover_rounds import MOST_SECONDS, Rounds
from benchmarks.takeover_stock import STOCK_SECONDS, StockTrials, stock_trials
from benchmarks.trial import Trial, capped, percentile
from chaos.fleet import Shape, StormFleet
from tests.support.arguments import at_least
from tests.support.report import Line, Target, finish

SPEED = 1.0  # of a real phone
STOP_LIMIT = 2.0
HEADINGS = ("trials", "p50", "p99", "worst", "noticed", "never")


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.takeover", description=__doc__)
    parser.add_argument(
        "--trials", type=at_least(1), default=100, help="of each kind of death, and of stops (default 100)"
    )
    parser.add_argument("--phones", type=at_least(2), default=12, help="of the fleet, on two hosts (default 12)")
    parser.add_argument(
        "--stock", type=at_least(0), default=6, help="trials of stock Celery, all at once; 0 for none (default 6)"
    )
    parser.add_argument("--kinds", default=",".join(KINDS), help="which kinds of death, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, help="keep logs and ground truth here (default: a folder that is removed)"
    )
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    kinds = [kind for kind in asked.kinds.split(",") if kind]
    unknown = set(kinds) - set(KINDS)
    if unknown:
        parser.error(f"--kinds: {', '.join(sorted(unknown))} is unknown; there are {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory(prefix="phonefleet-bench-") as passing:
        folder = asked.folder or Path(passing)
        with StormFleet(folder / "ours", Shape(asked.phones, SPEED), asked.seed) as fleet:
            trials, stops = measure(Rounds(fleet, asked.seed), kinds, asked.trials)
        stock = stock_trials(folder / "stock", asked.stock, asked.seed, SPEED) if asked.stock else None
    return _report(trials, stops, stock)


def measure(rounds: Rounds, kinds: Sequence[str], wanted: int) -> tuple[dict[str, list[Trial]], list[float]]:
    """`wanted` trials of each kind and of stops. The kinds take turns, so that a slow minute slows all alike."""
    trials: dict[str, list[Trial]] = {kind: [] for kind in kinds}
    stops: list[float] = []
    while len(stops) < wanted or any(len(trials[kind]) < wanted for kind in kinds):
        for kind in kinds:
            missing = wanted - len(trials[kind])
            if missing > 0:
                trials[kind] += rounds.deaths(kind, missing)
        if len(stops) < wanted:
            stops += rounds.stops(wanted - len(stops))
        told = ", ".join(f"{len(trials[kind])} {kind}" for kind in kinds)
        print(f"trials: {told}, {len(stops)} stop", flush=True)
    return trials, stops


def _report(trials: Mapping[str, Sequence[Trial]], stops: Sequence[float], stock: StockTrials | None) -> int:
    lines = [*_lines(trials), _line("stop, to the last call", stops), *(_stock_lines(stock) if stock else ())]
    targets = [
        Target(f"{KINDS[kind].heading}, p99 s", percentile(_seconds(found), 0.99), KINDS[kind].limit)
        for kind, found in trials.items()
    ]
    targets.append(Target("stop, p99 s", percentile(stops, 0.99), STOP_LIMIT))
    measured = {
        "takeover": {kind: _measured(found) for kind, found in trials.items()},
        "stop": _figures(stops),
        "stock": _stock_measured(stock) if stock else None,
    }
    return finish("takeover", "seconds from a death to the next phone's first call", HEADINGS, lines, measured, targets)


def _seconds(found: Sequence[Trial]) -> list[float]:
    return capped([trial.touched for trial in found], MOST_SECONDS)


def _lines(trials: Mapping[str, Sequence[Trial]]) -> Iterator[Line]:
    for kind, found in trials.items():
        noticed = percentile(capped([trial.noticed for trial in found], MOST_SECONDS), 0.5)
        missed = sum(trial.touched is None for trial in found)
        yield _line(KINDS[kind].heading, _seconds(found), noticed, missed)


def _stock_lines(stock: StockTrials) -> Iterator[Line]:
    missed = stock.takeovers.count(None)
    yield _line("stock: worker killed", capped(stock.takeovers, STOCK_SECONDS), "", missed)
    yield _line("stock: task revoked", stock.stops)


def _line(name: str, seconds: Sequence[float], *more: float | str) -> Line:
    figures = (percentile(seconds, 0.5), percentile(seconds, 0.99), max(seconds))
    return Line(name, (str(len(seconds)), *figures, *(more or ("", ""))))


def _measured(found: Sequence[Trial]) -> dict[str, Any]:
    parts = {
        part: _figures(capped([getattr(trial, part) for trial in found], MOST_SECONDS))
        for part in ("noticed", "claimed", "touched")
    }
    return {**parts, "not_taken_over": sum(trial.touched is None for trial in found)}


def _stock_measured(stock: StockTrials) -> dict[str, Any]:
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        "waited_seconds": STOCK_SECONDS,
        "takeover": _figures(capped(stock.takeovers, STOCK_SECONDS)),
        "not_taken_over": stock.takeovers.count(None),
        "stop": _figures(stock.stops),
    }


def _figures(seconds: Sequence[float]) -> dict[str, Any]:
    """Everything measured, so that a slow one can be looked at."""
    rounded = [round(one, 3) for one in seconds]
    return {
        "trials": len(rounded),
        "p50": percentile(rounded, 0.5),
        "p99": percentile(rounded, 0.99),
        "worst": max(rounded),
        "all": sorted(rounded),
    }


if __name__ == "__main__":
    sys.exit(main())
