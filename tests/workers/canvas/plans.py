"""Shorthand for tests: compile and run a canvas, and say what came of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from tests.support.canvas.run_plan import Outcome, Pick, run_plan
from tests.support.canvas.tasks import TABLE, call_text
from workers.canvas import Planted, PlantedRow, compile_canvas
from workers.canvas.rows import Join


def ids() -> Callable[[], str]:
    """r0, r1, r2, …"""
    numbers = count()
    return lambda: f"r{next(numbers)}"


def rows_of(canvas: Any, join: Join = "all") -> tuple[PlantedRow, ...]:
    """The planted rows of a canvas, named r0, r1, …"""
    return planted(canvas, join).rows


def planted(canvas: Any, join: Join = "all") -> Planted:
    """A canvas compiled, its rows named r0, r1, …"""
    return compile_canvas(canvas, new_id=ids(), join=join)


def run(
    canvas: Any,
    table: Mapping[str, Callable[..., Any]] = TABLE,
    pick: Pick | None = None,
    join: Join = "all",
    max_nesting: int = 8,
) -> Outcome:
    """Compile a canvas and run it, by default in a random order of tickets."""
    new_id = ids()
    plan = compile_canvas(canvas, new_id=new_id, join=join)
    return run_plan(plan, table, pick or random.Random(0).choice, new_id, join=join, max_nesting=max_nesting)


def calls_of(outcome: Outcome) -> Counter[str]:
    """How often each call was made."""
    return Counter(call_text(call.task, call.args, call.kwargs) for call in outcome.calls)


def first(due: Sequence[str]) -> str:
    """Ring in source order."""
    return due[0]


def last(due: Sequence[str]) -> str:
    """Ring what was planted last first."""
    return due[-1]
