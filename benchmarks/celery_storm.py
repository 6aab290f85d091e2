"""The same storm over phonefleet and over stock Celery, both judged by what the phones know.

`python -m benchmarks.celery_storm --tasks 300 --phones 12 --faults 60 --seed 1`. Work plan, strikes,
simulated phones and judge are those of `python -m chaos`; docs/chaos.md says what differs.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.celery_storm_strikes import StockStriker, possible
from benchmarks.stock_canvas import stock_canvas
from benchmarks.stock_fleet import StockFleet
from benchmarks.stock_sender import sender
from benchmarks.stock_told import task_rows, tell_in
from chaos.blow import Blow
from chaos.judge import Finding, Rows, Verdict, judge
from chaos.material import check_world, read_material
from chaos.plan import Canvas, plan_work
from chaos.rows import read_truth
from chaos.schedule import plan_strikes
from chaos.storm import Blowing, Wanted, run_storm
from models.tasks.states import State
from tests.support.arguments import at_least
from tests.support.report import Line, Target, finish

# Five times the visibility timeout: whatever Redis still holds was delivered again by then.
SETTLE_SECONDS = 300.0
REDIS_KINDS = frozenset(
    {"redis_emptied"}
)  # an emptied Redis takes all that was in it: what else there is, shows without
LOOKS = 10  # half a second apart: a message is nowhere to be seen for a moment on its way to a worker


@dataclass(frozen=True, slots=True)
class Side:
    """The result of one side's storm. `lacking`: tasks never planted, because their planting task never ran."""

    planned: int
    rows: Rows
    verdict: Verdict
    blows: Sequence[Blow]
    seconds: float

    @property
    def lacking(self) -> int:
        return self.planned - len(self.rows.tasks)

    @property
    def lost(self) -> list[Finding]:
        """Ended without success, or with one that is not in the truth."""
        return [one for one in self.verdict.lost if one.task_id]


def main() -> int:
    """Storm both and report; 1 when phonefleet lost, doubled or left something."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.celery_storm", description=__doc__)
    parser.add_argument("--tasks", type=at_least(1), default=300)
    parser.add_argument("--phones", type=at_least(1), default=12)
    parser.add_argument("--faults", type=at_least(0), default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, help="keep logs and ground truth here (default: a folder that is removed)"
    )
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    wanted = Wanted(asked.tasks, asked.phones, asked.faults, asked.seed)
    with tempfile.TemporaryDirectory(prefix="phonefleet-bench-") as passing:
        folder = asked.folder or Path(passing)
        storm = run_storm(wanted, folder / "ours", _say)
        ours = Side(wanted.tasks, storm.rows, storm.verdict, storm.blows, storm.seconds)
        stock = stock_storm(wanted, folder / "stock", _say)
        spared = stock_storm(wanted, folder / "spared", _say, spare=REDIS_KINDS)
    return _report(wanted, {"phonefleet": ours, "stock Celery": stock, "its Redis spared": spared})


def _say(line: str) -> None:
    print(line, flush=True)


def stock_storm(
    wanted: Wanted, folder: Path, tell: Callable[[str], None], spare: Collection[str] = frozenset()
) -> Side:
    """The storm over stock Celery, without the kinds to `spare`. Raises what keeps its fleet from starting."""
    material = read_material(wanted.seed, wanted.phones)
    work = plan_work(wanted.tasks, material, wanted.seed)
    strikes = possible(plan_strikes(wanted.faults, wanted.seed), spare)
    with StockFleet(folder, wanted.phones, wanted.seed) as fleet:
        check_world(material, fleet.get("/world")["authors"])
        began = time.monotonic()
        send(fleet, work)
        blowing = Blowing(fleet, wanted, tell, lambda: states(fleet, wanted.tasks))
        blows = blowing.strike_all(strikes, StockStriker(fleet, blowing.over).strike)
        blowing.settle(SETTLE_SECONDS, Hopeless(fleet).look)
        seconds = time.monotonic() - began
        rows = Rows(task_rows(fleet.told()), edges=[], attempts=[], acts=[], truth=read_truth(fleet.truth))
    return Side(wanted.tasks, rows, judge(rows, wanted.tasks), blows, seconds)


class Hopeless:
    """Tells when nothing can move any more: Redis holds no message, and no worker has one."""

    def __init__(self, fleet: StockFleet) -> None:
        self._fleet = fleet
        self._times = 0

    def look(self) -> bool:
        """Look once more; true when several looks in a row found nothing."""
        self._times = 0 if self._fleet.messages() or self._fleet.running() else self._times + 1
        return self._times >= LOOKS


def send(fleet: StockFleet, work: Sequence[Canvas]) -> None:
    """Send these canvases, and write down what their tasks are."""
    app = sender(fleet.redis.url)
    for number, canvas in enumerate(work):
        signature, tasks = stock_canvas(canvas.signature, f"c{number}", app)
        for task in tasks:
            tell_in(fleet.told_folder, "submitter", "planned", **task)
        signature.apply_async()


def states(fleet: StockFleet, planned: int) -> Mapping[str, int]:
    """How many tasks are in which state; those that nobody planted yet are ready."""
    rows = task_rows(fleet.told())
    return Counter([str(row.state) for row in rows] + [str(State.READY)] * (planned - len(rows)))


def measured(side: Side) -> dict[str, Any]:
    """One side as plain JSON."""
    return {
        "seconds": round(side.seconds, 1),
        "strikes": dict(Counter(blow.strike.kind for blow in side.blows)),
        "strikes_that_failed": [f"{blow.strike.kind}: {blow.error}" for blow in side.blows if blow.error],
        "states": dict(Counter(str(task.state) for task in side.rows.tasks)),
        "deeds": len(side.rows.truth),
        "never_planted": side.lacking,
        "findings": {
            "lost": [one.why for one in side.lost],
            "doubled": [one.why for one in side.verdict.doubled],
            "never_ended": [f"{one.task_id}: {one.why}" for one in side.verdict.stuck],
        },
    }


def _report(wanted: Wanted, sides: Mapping[str, Side]) -> int:
    title = f"{wanted.tasks} tasks, {wanted.phones} phones, {wanted.faults} faults, seed {wanted.seed}"
    ours = sides["phonefleet"]
    counts: Mapping[str, Callable[[Side], float]] = {
        "strikes carried out": lambda side: len(side.blows),
        "tasks that succeeded": lambda side: sum(task.state == State.SUCCEEDED for task in side.rows.tasks),
        "lost: failed, or not in the truth": lambda side: len(side.lost),
        "doubled": lambda side: len(side.verdict.doubled),
        "never ended": lambda side: len(side.verdict.stuck),
        "never planted": lambda side: side.lacking,
        "in review": lambda side: len(side.verdict.review),
        "seconds": lambda side: side.seconds,
    }
    return finish(
        "celery_storm",
        title,
        list(sides),
        [Line(name, tuple(count(side) for side in sides.values())) for name, count in counts.items()],
        {
            "wanted": {
                "tasks": wanted.tasks,
                "phones": wanted.phones,
                "faults": wanted.faults,
                "seed": wanted.seed,
            },
            **{name: measured(side) for name, side in sides.items()},
        },
        [
            Target("phonefleet, lost", len(ours.verdict.lost), 0),
            Target("phonefleet, doubled", len(ours.verdict.doubled), 0),
            Target("phonefleet, never ended", len(ours.verdict.stuck), 0),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
