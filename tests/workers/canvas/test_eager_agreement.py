"""Canvases drawn at random give what Celery's eager mode gives, in whatever order their tickets come."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count

import pytest
from celery import Celery

from tests.support.canvas.drawn import Drawing, build
from tests.support.canvas.run_plan import run_plan
from tests.support.canvas.shapes import unwrapped
from tests.support.canvas.tasks import TABLE
from tests.workers.canvas.plans import calls_of, ids
from workers.canvas import CanvasRefused, compile_canvas

BLOCK = 600
# What a drawn canvas may be refused for: each a case where Celery itself is wrong or hangs.
REFUSALS = {
    "a chord whose body is empty never ends",
    "an empty chain",
    "steps behind a chord whose body is a group run once per member, or hang",
    "a chain led by a group loses its input",
    "a chain that holds only a group loses its input",
}


@pytest.mark.parametrize("start", range(0, 5 * BLOCK, BLOCK))
def test_drawn_canvases_agree_with_eager_mode(start: int, eager: Celery, calls: list[str]) -> None:
    refused: Counter[str] = Counter()
    for seed in range(start, start + BLOCK):
        try:
            check_one(seed, eager, calls)
        except CanvasRefused as refusal:
            refused[refusal.reason] += 1
    assert refused.keys() <= REFUSALS
    assert refused.total() < 0.1 * BLOCK


def check_one(seed: int, app: Celery, calls: list[str]) -> None:
    """Compile and run one drawn canvas, and let Celery run it: same calls, same result."""
    rng = random.Random(seed)
    numbers = count(1)
    recipe = Drawing(rng, numbers.__next__).recipe(4)
    new_id = ids()
    plan = compile_canvas(build(recipe, app), new_id=new_id)
    outcome = run_plan(plan, TABLE, rng.choice, new_id)
    calls.clear()
    expected = build(recipe, app).apply_async().get()
    assert calls_of(outcome) == Counter(calls), f"seed {seed}: {recipe}"
    assert outcome.root == unwrapped(expected, build(recipe, app)), f"seed {seed}: {recipe}"
