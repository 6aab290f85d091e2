"""The storm's faults: which, how many, when and at what aimed, from a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Struck = Literal["worker", "phone", "host", "coordinator", "redis", "mariadb"]
Aim = Literal["any", "running", "no_return"]

NO_RETURN_SHARE = 0.1  # of all faults strike right after a point of no return


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: who is struck, for how many seconds, how often beside others, and what can follow a tap."""

    struck: Struck
    seconds: tuple[float, float]
    weight: float = 1.0
    after_tap: bool = False  # can be aimed at the moment after a point of no return


KINDS: Mapping[str, Kind] = {
    "kill_worker": Kind("worker", (0, 0), 6, after_tap=True),
    "freeze_worker": Kind("worker", (3, 12), 2),
    "kill_zygote": Kind("host", (0, 0), 0.2),
    "kill_agent": Kind("host", (0.5, 2), 0.2),
    "freeze_agent": Kind("host", (3, 12), 0.5),
    "kill_coordinator": Kind("coordinator", (0.5, 2), 0.5),
    "freeze_coordinator": Kind("coordinator", (3, 10), 0.5),
    "redis_emptied": Kind("redis", (0.2, 2), 0.5),
    "mariadb_killed": Kind("mariadb", (0.2, 2), 0.2),
    "mariadb_cut": Kind("mariadb", (0, 0), 1),
    "disk_full": Kind("mariadb", (2, 5), 0.2),
    "unplug": Kind("phone", (2, 6), 2, after_tap=True),
    "hang": Kind("phone", (2, 9), 2, after_tap=True),
    "slow": Kind("phone", (3, 8), 1, after_tap=True),
    "kill_ui_server": Kind("phone", (0, 0), 2, after_tap=True),
    "logged_out": Kind("phone", (3, 8), 1),
    "popup": Kind("phone", (0, 0), 2, after_tap=True),
    "app_crash": Kind("phone", (0, 0), 2, after_tap=True),
}
MOMENTS = ("after_tap", "after_tap", "next_tap")  # before its effect is the rarer and the stranger case


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault. `at_share`: the share of the work that has ended when it is due; `pick` (0 to 1) chooses whom."""

    number: int
    kind: str
    aim: Aim
    seconds: float
    at_share: float
    pick: float
    moment: str


def plan_strikes(faults: int, seed: int, *, first: float = 0.02, last: float = 0.9) -> list[Strike]:
    """`faults` strikes in order: every kind as often as any can be, up to 10 times, the rest by weight.

    Between `first` and `last`, shares of the work that has ended.
    """
    rng = random.Random(f"{seed}/strikes")
    kinds = [kind for _ in range(min(10, faults // len(KINDS))) for kind in KINDS]
    weights = [kind.weight for kind in KINDS.values()]
    kinds += rng.choices(list(KINDS), weights, k=faults - len(kinds))
    rng.shuffle(kinds)
    able = [index for index, kind in enumerate(kinds) if KINDS[kind].after_tap]
    after = set(rng.sample(able, min(len(able), round(faults * NO_RETURN_SHARE))))
    return [
        Strike(
            number=index + 1,
            kind=kind,
            aim=_aim(kind, index in after),
            seconds=round(rng.uniform(*KINDS[kind].seconds), 2),
            at_share=first + (last - first) * index / max(1, faults),
            pick=rng.random(),
            moment=rng.choice(MOMENTS) if kind in ("hang", "slow") else "after_tap",
        )
        for index, kind in enumerate(kinds)
    ]


def _aim(kind: str, after: bool) -> Aim:
    if after:
        return "no_return"
    return "running" if KINDS[kind].struck in ("worker", "phone", "host") else "any"
