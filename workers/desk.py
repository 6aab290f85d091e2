"""Desk tasks: functions of a campaign that touch no phone: they fan out, draw and gather.

A desk task takes the results of the steps before and returns a value, or a signature that takes its place. It may read
the ledger. Its only effect is its result, so it can safely run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from flows.specs.limits import Limits

DESK_LIMITS = Limits(soft=60, hard=90)


@dataclass(frozen=True, slots=True)
class Desk:
    """The context of a desk task: the ledger, its seed for random choices, the sort of its phones, its campaign."""

    engine: Engine
    seed: int
    sandbox: bool = False  # its tasks run on simulated phones
    campaign_id: str = ""


DeskFunction = Callable[..., Any]
_DESK: dict[str, DeskFunction] = {}
DESK: Mapping[str, DeskFunction] = _DESK
# The tasks between a campaign's stages, which read and plan: workers.campaigns.stages registers them, with Celery.
# Listed here because a process that only plants imports neither.
STAGES = frozenset({"each_title", "gather", "draw_directed", "tally", "collected_earlier"})


def is_desk_task(name: object) -> bool:
    """Tells whether the desk has a task of this name."""
    return name in _DESK or name in STAGES


def put_on_desk(name: str, function: DeskFunction) -> None:
    """Registers a function as a desk task. Raises ValueError for a name that is taken."""
    if name in _DESK:
        raise ValueError(f"the desk has a task named {name!r} already")
    _DESK[name] = function


def _each(desk: Desk, task: str, calls: Iterable[Sequence[Any]]) -> list[Any]:
    function = _DESK.get(task)
    if function is None:
        raise ValueError(f"{task!r} is no desk task: fan flows out with group(...)")
    return [function(desk, *call) for call in calls]


def _map(desk: Desk, task: str, it: Sequence[Any]) -> list[Any]:
    return _each(desk, task, [[item] for item in it])


def _starmap(desk: Desk, task: str, it: Sequence[Sequence[Any]]) -> list[Any]:
    return _each(desk, task, it)


# Celery's own names for a task that runs another over a list.
put_on_desk("celery.map", _map)
put_on_desk("celery.starmap", _starmap)
MAPS = frozenset({"celery.map", "celery.starmap"})
