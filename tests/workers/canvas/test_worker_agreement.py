"""Canvases give what a real Celery worker on a real Redis gives: drawn ones, and those that fail."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Any

import celery.exceptions
import pytest
import redis
from celery import Celery

from tests.support.canvas.drawn import Drawing, Recipe, build
from tests.support.canvas.run_plan import Outcome, run_plan
from tests.support.canvas.shapes import goes_wrong_in_celery
from tests.support.canvas.tasks import CALLS_KEY, TABLE
from tests.support.poll import wait_until
from tests.workers.canvas.plans import calls_of, ids
from workers.canvas import CanvasRefused, Planted, compile_canvas

pytestmark = pytest.mark.fleet

PER_CANVAS = 1000  # the calls of canvas n are numbered from n × 1000
RESULT_SECONDS = 120.0  # the first may have to wait for all the others


@dataclass(frozen=True)
class Trial:
    """One canvas: what the compiled plan did, and Celery's result to come."""

    recipe: Recipe
    outcome: Outcome
    result: Any


def test_drawn_canvases_give_what_a_worker_gives(worker: Celery, redis_url: str) -> None:
    trials = submitted(worker, redis_url, start=1, how_many=150)
    results = {number: result_of(trial) for number, trial in trials.items()}
    check_calls(trials, redis_url)
    for number, trial in trials.items():
        assert results[number] == trial.outcome.root, str(trial.recipe)


def test_failing_canvases_make_the_calls_that_a_worker_makes(worker: Celery, redis_url: str) -> None:
    # Not their results: Celery waits for ever for a list inside a list whose rows never began.
    trials = submitted(worker, redis_url, start=5001, how_many=100, failing=0.15)
    check_calls(trials, redis_url)


def check_calls(trials: dict[int, Trial], redis_url: str) -> None:
    """The worker made just the calls that the plans made."""
    expected = Counter[str]()
    for trial in trials.values():
        expected += calls_of(trial.outcome)
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: client.llen(CALLS_KEY) >= expected.total(), RESULT_SECONDS, "all calls")
        made = Counter(call.decode() for call in client.lrange(CALLS_KEY, 0, -1))
    assert made == expected, [str(trials[number].recipe) for number in differing(made, expected)]


def submitted(app: Celery, redis_url: str, start: int, how_many: int, failing: float = 0.0) -> dict[int, Trial]:
    """That many drawn canvases that Celery can run, sent to the worker all at once. No call is recorded yet."""
    with redis.Redis.from_url(redis_url) as client:
        client.delete(CALLS_KEY)
    trials: dict[int, Trial] = {}
    for seed in range(start, start + 10 * how_many):
        rng = random.Random(seed)
        numbers = count(seed * PER_CANVAS + 1)
        recipe = Drawing(rng, numbers.__next__, failing).recipe(4)
        plan = compiled(build(recipe, app))
        if plan is None or goes_wrong_in_celery(build(recipe, app)):
            continue
        outcome = run_plan(plan, TABLE, rng.choice, ids())
        if failing and outcome.succeeded:
            continue
        trials[seed] = Trial(recipe, outcome, build(recipe, app).apply_async())
        if len(trials) == how_many:
            return trials
    raise AssertionError(f"only {len(trials)} canvases that Celery can run")


def compiled(canvas: Any) -> Planted | None:
    """The plan, or None where it is refused, or where an errback is also that of a chord's body.

    Celery rings the errbacks of a body in some shapes and not in others; that has tests of its own.
    """
    try:
        plan = compile_canvas(canvas, new_id=ids())
    except CanvasRefused:
        return None
    rung = Counter(errback for row in plan.rows for errback in row.errbacks)
    return plan if max(rung.values(), default=0) <= 1 else None


def result_of(trial: Trial) -> Any:
    """Celery's result. Raises AssertionError, with the canvas, where Celery hangs."""
    try:
        return trial.result.get(timeout=RESULT_SECONDS)
    except celery.exceptions.TimeoutError as error:
        raise AssertionError(f"Celery hangs in {trial.recipe}") from error


def differing(made: Counter[str], expected: Counter[str]) -> list[int]:
    """The numbers of the canvases whose calls differ."""
    numbers = set[int]()
    for text in (made - expected) + (expected - made):
        numbers.update(_numbers(json.loads(text)))
    return sorted(numbers)


def _numbers(value: Any) -> set[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set[int]().union(*map(_numbers, value))
    return {value // PER_CANVAS} if isinstance(value, int) and value >= PER_CANVAS else set()
