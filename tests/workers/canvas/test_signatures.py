"""A canvas built as plain data plants what the same canvas of Celery plants."""

from __future__ import annotations

from itertools import count
from typing import Any

import celery
import pytest
from celery.canvas import Signature

import workers.campaigns.stages  # noqa: F401 - registers its tasks
from workers.app import app
from workers.canvas import Planted, compile_canvas
from workers.canvas.signatures import Canvas, chain, chord, group, task
from workers.desk import DESK, MAPS, STAGES


def _planted(canvas: Any) -> Planted:
    numbers = count()
    return compile_canvas(canvas, new_id=lambda: str(next(numbers)))


def _celery(name: str, kwargs: dict[str, Any] | None = None, *, immutable: bool = False, **options: Any) -> Signature:
    return app.signature(name, kwargs=kwargs or {}, immutable=immutable).set(**options)


PAIRS: dict[str, tuple[Canvas, Signature]] = {
    "a task": (
        task("nurture", {"minutes": 3}, immutable=True, queue="account.acc0001", priority=4),
        _celery("nurture", {"minutes": 3}, immutable=True, queue="account.acc0001", priority=4),
    ),
    "a chain": (
        chain(task("collect_titles", {"count": 2}, immutable=True, time_limit=600), task("each_title", {"most": 5})),
        _celery("collect_titles", {"count": 2}, immutable=True, time_limit=600) | _celery("each_title", {"most": 5}),
    ),
    "a group": (
        group([task("nurture", immutable=True), task("nurture", immutable=True)]),
        celery.group([_celery("nurture", immutable=True), _celery("nurture", immutable=True)]),
    ),
    "an empty group": (group([]), celery.group([])),
    "a group of one": (group([task("nurture")]), celery.group([_celery("nurture")])),
    "a day": (
        group(
            [
                task("nurture", immutable=True, queue="account.acc0001"),
                chord(
                    group([chain(task("collect_titles", immutable=True), task("each_title")) for _ in range(2)]),
                    task("draw_directed", {"comment": 3}, join="settled"),
                ),
            ]
        ),
        celery.group(
            [
                _celery("nurture", immutable=True, queue="account.acc0001"),
                celery.chord(
                    celery.group([_celery("collect_titles", immutable=True) | _celery("each_title") for _ in range(2)]),
                    _celery("draw_directed", {"comment": 3}, join="settled"),
                ),
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_plain_data_plants_what_celery_plants(name: str) -> None:
    plain, of_celery = PAIRS[name]
    assert _planted(plain) == _planted(of_celery)


def test_plain_data_becomes_a_signature_of_celery() -> None:
    """A script may go on with it: `Signature.from_dict` takes it."""
    for plain, of_celery in PAIRS.values():
        assert _planted(Signature.from_dict(plain)) == _planted(of_celery)


def test_the_tasks_between_stages_are_those_that_the_desk_has() -> None:
    assert DESK.keys() >= STAGES | MAPS
    assert {name for name, function in DESK.items() if function.__module__ == "workers.campaigns.stages"} == STAGES
