"""Reads both practice apps after updates that seeds draw, before and after the proposed patch is applied.

`python -m benchmarks.drift --seeds 20`. The apps run in this process. An update is `harmless` when the profile
still reads exactly what it read before; else it is broken, and `mended` when the patch makes it so again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

from benchmarks.drift_acts import acts_on
from flows.screen import Screen
from phonesim.update import Update
from tests.support.arguments import at_least
from tests.support.drift import Trial, practice, proposed, reader, recorded, run
from tests.support.report import Line, Target, finish

MENDED, LEAST_MENDED = "share of broken readings that the patch mends", 0.8
APPS = {"reader": reader, "practice": practice}


@dataclass(frozen=True, slots=True)
class Tried:
    """One app after one update. `outcome`: harmless, mended, or the reason for which reading stays broken.

    `unaccepted` and `accepted`: how often a like happened in the app before and after a person accepted the patch.
    """

    app: str
    seed: int
    kinds: tuple[str, ...]
    outcome: str
    changes: int
    seconds: float
    unaccepted: int = 0
    accepted: int = 0


def try_update(name: str, trial: Trial, screens: dict[str, list[Screen]], wanted: list[object], seed: int) -> Tried:
    """Reads the app after the update of this seed, without and with the patch that is proposed."""
    update, begun = Update(seed), time.perf_counter()
    if run(trial, trial.profile, update).results == wanted:
        return Tried(name, seed, update.kinds, "harmless", 0, time.perf_counter() - begun)
    patch = proposed(trial, screens, update)
    done = run(trial, patch.applied(trial.profile), update)
    reasons = [str(failure) for failure in done.failures] or ["it reads something else"]
    outcome = "mended" if done.results == wanted else reasons[0]
    acts = acts_on(trial, patch, update) if name == "practice" and patch else (0, 0)
    return Tried(name, seed, update.kinds, outcome, len(patch.changes), time.perf_counter() - begun, *acts)


def measure(first: int, seeds: int) -> int:
    """Tries both apps after each update. Returns the exit status."""
    tried: list[Tried] = []
    for name, make in APPS.items():
        trial = make()
        screens, wanted = recorded(trial), run(trial, trial.profile).results
        for seed in range(first, first + seeds):
            tried.append(try_update(name, trial, screens, wanted, seed))
            one = tried[-1]
            print(f"{name} {seed}: {', '.join(one.kinds)}: {one.outcome} ({one.seconds:.1f} s)", flush=True)
    counts = {name: Counter(_word(one) for one in tried if one.app == name) for name in APPS}
    broken = sum(one.outcome != "harmless" for one in tried)
    mended = sum(one.outcome == "mended" for one in tried)
    lines = [
        Line(
            name,
            (
                *(count[word] for word in ("harmless", "mended", "broken")),
                sum(one.unaccepted for one in tried if one.app == name),
                sum(one.accepted for one in tried if one.app == name),
            ),
        )
        for name, count in counts.items()
    ]
    return finish(
        "drift",
        f"two apps after updates {first} to {first + seeds - 1}",
        ("harmless", "mended", "still broken", "acts unaccepted", "accepted"),
        lines,
        {"first": first, "seeds": seeds, "tried": [asdict(one) for one in tried]},
        [
            Target(MENDED, mended / broken if broken else 1.0, LEAST_MENDED, at_least=True),
            Target("acts on a patch that nobody accepted", sum(one.unaccepted for one in tried), 0),
        ],
    )


def _word(one: Tried) -> str:
    return one.outcome if one.outcome in ("harmless", "mended") else "broken"


def main() -> int:
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=at_least(1), default=20)
    parser.add_argument("--first", type=at_least(0), default=1)
    asked = parser.parse_args()
    return measure(asked.first, asked.seeds)


if __name__ == "__main__":
    sys.exit(main())
