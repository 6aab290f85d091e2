"""Canvases that come as JSON: what is taken, and what is refused before Celery sees it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from celery import Celery, chain, chord, group
from celery.canvas import Signature

from tests.support.canvas.drawn import Drawing, build
from tests.support.canvas.tasks import make_app
from tests.workers.canvas.plans import ids, planted
from workers.canvas import CanvasRefused, check_raw, compile_raw

app: Celery = make_app(lambda _: None)
w: Callable[..., Any] = app.tasks["work"].s
ALLOWED = frozenset({"work", "fail", "note"})
TASK: dict[str, Any] = {"task": "work", "args": [1]}


def group_of(*members: Any) -> dict[str, Any]:
    return {"subtask_type": "group", "kwargs": {"tasks": list(members)}}


def nested(levels: int) -> dict[str, Any]:
    canvas = TASK
    for _ in range(levels):
        canvas = group_of(canvas)
    return canvas


def with_options(**options: Any) -> dict[str, Any]:
    return {**TASK, "options": options}


def test_drawn_canvases_come_through_json_unchanged() -> None:
    taken = 0
    for seed in range(200):
        numbers = count(1)
        recipe = Drawing(random.Random(seed), numbers.__next__, 0.1).recipe(4)
        text = json.dumps(build(recipe, app))
        try:
            expected = planted(json.loads(text))
        except CanvasRefused:
            continue
        taken += 1
        signature = check_raw(text, ALLOWED)
        assert isinstance(signature, Signature)
        assert planted(signature) == expected
        assert planted(check_raw(json.loads(text), ALLOWED)) == expected
        assert compile_raw(text, ALLOWED, new_id=ids()) == expected
    assert taken > 150


def test_missing_keys_get_celerys_defaults() -> None:
    signature = check_raw({"subtask_type": "chord", "kwargs": {"header": [TASK], "body": {"task": "work"}}}, ALLOWED)
    assert planted(signature) == planted(chord([w(1)], w()))


def test_every_allowed_option_comes_through() -> None:
    options = {
        "priority": 3,
        "queue": "pool",
        "countdown": 1,
        "expires": 60,
        "time_limit": 9,
        "soft_time_limit": 8,
    }
    (row,) = planted(check_raw(with_options(**options), ALLOWED)).rows
    assert dict(row.options) == options


def test_chunks_and_maps_come_through() -> None:
    for canvas in (app.tasks["work"].chunks([(1,), (2,)], 1), chain(w(1), app.tasks["work"].map([1]))):
        assert planted(check_raw(json.dumps(canvas), ALLOWED)) == planted(canvas)


def test_frozen_canvases_are_refused_for_their_ids() -> None:
    canvas = group([w(1)])
    canvas.freeze()
    with pytest.raises(CanvasRefused, match="ids are assigned here"):
        check_raw(json.dumps(canvas), ALLOWED)


REFUSED: dict[str, tuple[Any, str, str]] = {
    "not JSON": (b"{", "canvas", "not JSON"),
    "not a number": ('{"task": "work", "args": [NaN]}', "task.args[0]", "not JSON"),
    "not text": (b'{"task": "\xff"}', "canvas", "not JSON"),
    "no object": ("[]", "canvas", "is no signature"),
    "too many bytes": (b" " * (1024 * 1024 + 1), "canvas", "larger than"),
    "too large when parsed": ({"task": "work", "args": ["x" * 1024] * 1100}, "canvas", "larger than"),
    "too deep to parse": ("[" * 100_000, "canvas", "too deep"),
    "groups too deep": (nested(32), "group[0]", "32 signatures deep"),
    "unknown key": ({**TASK, "chord_size": 1}, "canvas", "unknown keys"),
    "unknown subtask_type": ({**TASK, "subtask_type": "ring"}, "canvas.subtask_type", "unknown"),
    "subtask_type that is no text": ({**TASK, "subtask_type": ["chain"]}, "canvas.subtask_type", "unknown"),
    "task that is not allowed": ({"task": "secret"}, "task.task", "may not be called"),
    "task without a name": ({"args": []}, "task.task", "it is missing"),
    "nothing at all": ({}, "task.task", "name of a flow"),
    "Celery's own task": ({"task": "celery.backend_cleanup"}, "task.task", "may not be called"),
    "a chain that names a task": (
        {"task": "work", "subtask_type": "chain", "kwargs": {"tasks": []}},
        "chain.task",
        "named",
    ),
    "not allowed inside map": (
        {"subtask_type": "xmap", "kwargs": {"task": {"task": "secret"}, "it": []}},
        "map.kwargs.task.task",
        "may not",
    ),
    "not allowed inside chunks": (
        {"subtask_type": "chunks", "kwargs": {"task": {"task": "secret"}, "it": [], "n": 1}},
        "chunks.kwargs.task.task",
        "may not",
    ),
    "not allowed inside link": (with_options(link={"task": "secret"}), "task.link[0].task", "may not"),
    "not allowed inside link_error": (
        with_options(link_error=[{"task": "secret"}]),
        "task.link_error[0].task",
        "may not",
    ),
    "not allowed inside a body": (
        {"subtask_type": "chord", "kwargs": {"header": [], "body": {"task": "secret"}}},
        "chord.body.task",
        "may not",
    ),
    "ids": (with_options(task_id="mine"), "task.options.task_id", "not allowed"),
    "connection": (with_options(connection="redis://elsewhere"), "task.options.connection", "not allowed"),
    "constructor arguments": (with_options(app=None), "task.options.app", "not allowed"),
    "kwargs of a chord": (
        {"subtask_type": "chord", "kwargs": {"header": [], "body": TASK, "app": 1}},
        "chord.kwargs",
        "unknown keys",
    ),
    "members that are no list": ({"subtask_type": "group", "kwargs": {"tasks": {"a": 1}}}, "group", "not a list"),
    "a member that is no signature": (group_of(3), "group[0]", "is no signature"),
    "chord without a body": ({"subtask_type": "chord", "kwargs": {"header": []}}, "chord.body", "is no signature"),
    "args that are no list": ({"task": "work", "args": {"a": 1}}, "task.args", "array"),
    "immutable that is text": ({"task": "work", "immutable": "yes"}, "task.immutable", "true or false"),
    "too many callbacks": (with_options(link=[TASK] * 17), "task.link", "16 callbacks"),
    "too many signatures": (group_of(*[{"task": "work"}] * 10_001), "group", "10000"),
    "what the compiler refuses": (with_options(priority=77), "task.options.priority", "no priority"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    data, field, reason = REFUSED[name]
    with pytest.raises(CanvasRefused) as caught:
        check_raw(data, ALLOWED)
    assert caught.value.field.startswith(field)
    assert reason in str(caught.value)


def test_callbacks_that_multiply_are_counted_as_planted_rows() -> None:
    steps = [{"task": "work"} for _ in range(1500)]
    errbacks = [{"task": "work", "args": [number]} for number in range(16)]
    canvas = {"subtask_type": "chain", "kwargs": {"tasks": steps}, "options": {"link_error": errbacks}}
    with pytest.raises(CanvasRefused, match="grows past 10000 rows"):
        check_raw(canvas, ALLOWED)
