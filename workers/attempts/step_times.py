"""The steps of an attempt, as its row keeps them: each name once, with its time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.database.storable import storable_text
from workers.runtime.watch import StepTime

MOST_STEPS = 40
MOST_NAME = 64


def step_times(steps: Sequence[StepTime]) -> list[dict[str, Any]]:
    """Returns the steps by their first beginning: `name`, `began` and `took` in seconds, and `times`, how often.

    A step that ran several times counts once, with its times together.
    """
    found: dict[str, dict[str, Any]] = {}
    for step in sorted(steps, key=lambda one: one.began):
        name = storable_text(step.name, MOST_NAME)
        if name not in found and len(found) == MOST_STEPS:
            continue
        one = found.setdefault(name, {"name": name, "began": round(step.began, 2), "took": 0.0, "times": 0})
        one["took"] = round(one["took"] + step.took, 2)
        one["times"] += 1
    return list(found.values())
