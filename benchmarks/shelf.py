"""How busy the phones of a shelf are: a drawn day, beside its lower bound and beside today's practice.

`python -m benchmarks.shelf --phones 200`. A short day of few phones runs twice: on the product over an SQLite ledger in
memory, and on a model that decides with the same functions. Both must start the same tasks on the same phones at the
same moments. Then the model alone runs whole days, and one of each number of `--many` phones. All by a simulated clock.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from benchmarks.shelf_bound import Bound, bound_of
from benchmarks.shelf_clock import Clock
from benchmarks.shelf_day import DAY, Day, draw_day
from benchmarks.shelf_ledger import ledger_fleet
from benchmarks.shelf_model import ModelFleet
from benchmarks.shelf_run import Outcome, Run
from benchmarks.shelf_today import todays_practice
from benchmarks.shelf_usual import Knows
from tests.support.arguments import at_least
from tests.support.report import Line, Target, finish

MOST_OF_BOUND = 1.05
LEAST_OF_TODAY = 1.5
MOST_LONGEST = 0.03  # the longest task of a day by the day's bound: what the two above are held for
SHORT = 600.0  # seconds of the day that the product runs: a round of its statements takes tens of milliseconds
CAMPAIGNS_OF_MANY = 25
NEARLY_ALL = 0.999  # of the tasks: the last ones of a large day take long, and fail several times


@dataclass(frozen=True, slots=True)
class Measured:
    """A day's makespan beside its bound and today's practice. `busy`: the share of the phones' lives that they worked.

    `longest`: the seconds of the longest task. `nearly_all`: when all but a thousandth of the tasks had ended.
    `late`: tasks that ended after the target.
    `took`: seconds that the simulation took.
    """

    name: str
    seed: int
    phones: int
    tasks: int
    longest: float
    bound: Bound
    makespan: float
    nearly_all: float
    late: int
    today: float
    todays_rounds: int
    busy: float
    passed_on: int
    refused: int
    took: float

    @property
    def of_bound(self) -> float:
        return self.makespan / self.bound.seconds

    @property
    def longest_of_bound(self) -> float:
        return self.longest / self.bound.seconds

    @property
    def todays(self) -> float:
        return self.today / self.makespan

    @property
    def line(self) -> Line:
        """Returns the day's line of the table."""
        seconds = (self.bound.seconds, self.nearly_all, self.makespan, self.today)
        return Line(self.name, (str(self.tasks), *seconds, self.of_bound, str(self.late), self.todays, self.busy))


def on_model(day: Day, knows: Knows = Knows.RECORDS) -> Outcome:
    """Runs a day on the model."""
    clock = Clock()
    return Run(day, ModelFleet(clock, day, knows), clock, DAY).run()


def on_ledger(day: Day) -> Outcome:
    """Runs a day on the product over a ledger."""
    clock = Clock()
    with ledger_fleet(day, clock) as fleet:
        return Run(day, fleet, clock, DAY).run()


def measured(name: str, day: Day, outcome: Outcome, took: float) -> Measured:
    """Sets what came of a day beside its bound and today's practice."""
    end, today = outcome.makespan(day), todays_practice(day)
    ends, bound = sorted(outcome.ends[job.name] for job in day.to_do), bound_of(day)
    lives = sum(min(end, day.deaths.get(phone, end)) for phone in range(day.phones))
    return Measured(
        name=name,
        seed=day.seed,
        phones=day.phones,
        tasks=len(day.jobs),
        longest=max(job.seconds for job in day.jobs),
        bound=bound,
        makespan=end,
        nearly_all=ends[math.ceil(NEARLY_ALL * len(ends)) - 1],
        late=sum(one > MOST_OF_BOUND * bound.seconds for one in ends),
        today=today.seconds,
        todays_rounds=len(today.rounds),
        busy=outcome.busy / lives,
        passed_on=outcome.passed_on,
        refused=outcome.refused,
        took=took,
    )


def measure(seeds: Sequence[int], phones: int, many: Sequence[int], on_a_ledger: int, *, told: bool) -> int:
    """Measures and prints. Returns the exit status. `told`: with orders that know more than a product as well."""
    found: list[Measured] = []
    aimed: list[Measured] = []

    def run(name: str, day: Day, simulate: Callable[[Day], Outcome] = on_model) -> Outcome:
        began = time.perf_counter()
        outcome = simulate(day)
        found.append(measured(name, day, outcome, time.perf_counter() - began))
        print(f"{name}: {found[-1].of_bound:.3f} of its bound ({found[-1].took:.0f} s)", flush=True)
        return outcome

    def aim(name: str, day: Day) -> None:
        run(name, day)
        aimed.append(found[-1])
        for knows in (Knows.AUTHORS, Knows.LENGTHS) if told else ():
            run(f"{name}, {knows} told", day, partial(on_model, knows=knows))

    differ = 0
    if on_a_ledger:
        day = draw_day(seeds[0], on_a_ledger, length=SHORT, deaths=1 / on_a_ledger)
        product = run(f"{on_a_ledger}, short, product", day, on_ledger)
        model = run(f"{on_a_ledger}, short, model", day)
        differ = int(model.starts != product.starts)
    for seed in seeds:
        aim(f"{phones}, seed {seed}", draw_day(seed, phones))
    for more in many:
        aim(f"{more}, seed {seeds[0]}", draw_day(seeds[0], more, accounts=-(-more // CAMPAIGNS_OF_MANY)))
    run(f"{phones}, authors alike", draw_day(seeds[0], phones, authors_skew=0.0))
    run(f"{phones}, no looks", draw_day(seeds[0], phones).without_looks())
    targets = [
        Target("the day by its lower bound, the worst", max(one.of_bound for one in aimed), MOST_OF_BOUND),
        Target("the longest task by the bound, the worst", max(one.longest_of_bound for one in aimed), MOST_LONGEST),
        Target("today's practice by the day", min(one.todays for one in aimed), LEAST_OF_TODAY, at_least=True),
    ]
    if on_a_ledger:
        targets.append(Target("days in which model and product differ", differ, 0))
    return _finish(found, targets)


def _finish(found: Sequence[Measured], targets: Sequence[Target]) -> int:
    headings = ("tasks", "bound s", "99.9 % s", "day s", "today s", "of bound", "late", "today by day", "busy")
    days = [{**asdict(one), "of_bound": one.of_bound, "todays": one.todays} for one in found]
    return finish("shelf", "drawn days of the shelf", headings, [one.line for one in found], {"days": days}, targets)


def main() -> int:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=at_least(0), default=12, help="phones of the product's own day; 0: none")
    parser.add_argument("--phones", type=at_least(1), default=200)
    parser.add_argument(
        "--many", type=at_least(1), nargs="*", default=[1000, 10_000], help="phones of large days; none: no such day"
    )
    parser.add_argument(
        "--told",
        action="store_true",
        help="each day also with an order that was told its authors' means, or all lengths",
    )
    parser.add_argument("--first", type=at_least(0), default=1)
    parser.add_argument("--seeds", type=at_least(1), default=3)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    return measure(seeds, asked.phones, asked.many, asked.ledger, told=asked.told)


if __name__ == "__main__":
    sys.exit(main())
