"""Canvases drawn at random, planted in the real ledger and run in random ticket order.

They give what Celery's eager mode gives; with failures, errbacks and replacements, what the readable
interpreter of the rules (tests.support.canvas.run_plan) gives.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, chord, group
from sqlalchemy import Engine

from models.database.base import new_id
from tests.support.canvas.drawn import build, drawn
from tests.support.canvas.run_plan import run_plan
from tests.support.canvas.shapes import unwrapped
from tests.support.canvas.tasks import TABLE, current, make_app
from tests.support.ledger.drive import (
    app,
    calls_made,
    campaign,
    compiled,
    plant_rows,
    root_result,
    run_to_end,
    tasks,
)
from workers.canvas import CanvasRefused
from workers.desk import put_on_desk
from workers.planting.handle import CampaignFailed

CANVASES = 100
GROWING = 20


def growing(number: int) -> Any:
    """What the task `grow` puts in its place: a drawn canvas, now and then with a failure in it."""
    return build(drawn(number, 2, 0.15), app)


put_on_desk("grow", lambda _desk, number: growing(number))
TABLE_THAT_GROWS = {**TABLE, "grow": growing}


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def eager(calls: list[str]) -> Iterator[Celery]:
    eager_app = make_app(calls.append, task_always_eager=True, result_backend="cache+memory://", broker_url="memory://")
    with current(eager_app):
        yield eager_app


def test_drawn_canvases_agree_with_celery(ledger: Engine, eager: Celery, calls: list[str]) -> None:
    agreed = 0
    for seed in range(CANVASES + 12):
        recipe = drawn(seed)
        try:
            planted = compiled(build(recipe, eager))
        except CanvasRefused:
            continue
        campaign_id = plant_rows(ledger, planted, seed=seed)
        made: Counter[str] = Counter()
        run_to_end(ledger, campaign_id, random.Random(seed), lambda got, made=made: made.update(calls_made(got)))  # type: ignore[misc]
        calls.clear()
        expected = unwrapped(build(recipe, eager).apply_async().get(), build(recipe, eager))
        assert root_result(ledger, campaign_id) == expected, f"seed {seed}: {recipe}"
        assert made == Counter(calls), f"seed {seed}: {recipe}"
        assert campaign(ledger, campaign_id).outcome == "succeeded"
        agreed += 1
    assert agreed >= CANVASES


@pytest.mark.parametrize("join", ["all", "settled"])
def test_canvases_that_fail_keep_the_rules(ledger: Engine, join: str) -> None:
    with current(app):
        for seed in range(5000, 5045):
            recipe = drawn(seed, failing=0.25)
            try:
                planted = compiled(build(recipe, app), join)
            except CanvasRefused:
                continue
            rng = random.Random(seed)
            expected = run_plan(planted, TABLE, rng.choice, new_id)
            campaign_id = plant_rows(ledger, planted, join=join, seed=seed)
            run_to_end(ledger, campaign_id, rng)
            fates = {one.id: (one.state, one.result) for one in tasks(ledger, campaign_id)}
            wanted = {row: (fate.value, expected.results.get(row)) for row, fate in expected.fates.items()}
            assert fates == wanted, f"seed {seed}: {recipe}"


def test_tasks_that_put_canvases_in_their_place_keep_the_rules(ledger: Engine) -> None:
    with current(app):
        for seed in range(7000, 7000 + GROWING):
            fan = group(app.signature("grow", args=(seed + extra * 100,), immutable=True) for extra in range(3))
            planted = compiled(chord(fan, app.signature("work")))
            rng = random.Random(seed)
            expected = run_plan(planted, TABLE_THAT_GROWS, rng.choice, new_id)
            campaign_id = plant_rows(ledger, planted, seed=seed)
            made: Counter[str] = Counter()
            run_to_end(ledger, campaign_id, rng, lambda got, made=made: made.update(calls_made(got)))  # type: ignore[misc]
            ended = {one.id: one.state for one in tasks(ledger, campaign_id)}
            assert {row.id: ended[row.id] for row in planted.rows} == {
                row.id: expected.fates[row.id] for row in planted.rows
            }, f"seed {seed}"
            assert sum(made.values()) == len(expected.calls), f"seed {seed}"
            if expected.succeeded:
                assert root_result(ledger, campaign_id) == expected.root
            else:
                with pytest.raises(CampaignFailed):
                    root_result(ledger, campaign_id)
