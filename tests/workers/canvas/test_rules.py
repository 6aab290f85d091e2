"""Each rule of docs/canvas.md by name: the canvas, and the rows that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from celery import Celery, chain, chord, group
from celery.canvas import _chain

from tests.support.canvas.tasks import make_app
from tests.workers.canvas.plans import planted, rows_of
from workers.canvas import ListOf, Ref, Value

app: Celery = make_app(lambda _: None)
w: Callable[..., Any] = app.tasks["work"].s
wi: Callable[..., Any] = app.tasks["work"].si


def wiring(canvas: Any) -> list[str]:
    """Each row as `args < after`, values as they are, refs as #n, lists in brackets."""
    return [f"{' '.join(map(shown, row.args))} < {','.join(row.after)}".strip() for row in rows_of(canvas)]


def shown(expr: Value | Ref | ListOf) -> str:
    if isinstance(expr, Value):
        return str(expr.value)
    if isinstance(expr, Ref):
        return f"#{expr.row[1:]}"
    return f"[{','.join(map(shown, expr.items))}]"


RULES: dict[str, tuple[Callable[[], Any], list[str], str]] = {
    "task: input and own args": (lambda: w(1) | w(2), ["1 <", "#0 2 < r0"], "#1"),
    "task: immutable takes own args only and waits": (lambda: w(1) | wi(2), ["1 <", "2 < r0"], "#1"),
    "chain: inner chains are spliced": (
        lambda: _chain([w(1), _chain([w(2), w(3)]), w(4)]),
        ["1 <", "#0 2 < r0", "#1 3 < r1", "#2 4 < r2"],
        "#3",
    ),
    "chain: a one-member group is a scalar": (
        lambda: chain(w(1), group([w(2)]), w(3)),
        ["1 <", "#0 2 < r0", "#1 3 < r1"],
        "#2",
    ),
    "chain: a raw one-member group is a scalar": (
        lambda: _chain([w(1), group([w(2)]), w(3)]),
        ["1 <", "#0 2 < r0", "#1 3 < r1"],
        "#2",
    ),
    "group | task keeps the list of one": (lambda: group([w(1)]) | w(2), ["1 <", "[#0] 2 < r0"], "#1"),
    "chain: an empty group is skipped": (lambda: chain(w(1), group([]), w(2)), ["1 <", "#0 2 < r0"], "#1"),
    "chain: an empty group stays when alone": (lambda: _chain([group([])]), [], "[]"),
    "task | group() | task gives an empty list and waits": (
        lambda: w(1) | group([]) | w(2),
        ["1 <", "[] 2 < r0"],
        "#1",
    ),
    "group: all get the same input, in source order": (
        lambda: w(1) | group(w(2), w(3)),
        ["1 <", "#0 2 < r0", "#0 3 < r0"],
        "[#1,#2]",
    ),
    "group: inner groups are flattened in source order": (
        lambda: group(w(1), group(w(2), w(3)), w(4)),
        ["1 <", "2 <", "3 <", "4 <"],
        "[#0,#1,#2,#3]",
    ),
    "chord: the body gets the list and waits for the header": (
        lambda: chord([w(1), w(2)], w(3)),
        ["1 <", "2 <", "[#0,#1] 3 < r0,r1"],
        "#2",
    ),
    "chord: an immutable body waits all the same": (
        lambda: chord([w(1), w(2)], wi(3)),
        ["1 <", "2 <", "3 < r0,r1"],
        "#2",
    ),
    "chord: a chain as header runs side by side": (
        lambda: chord(chain(w(1), w(2)), w(3)),
        ["1 <", "2 <", "[#0,#1] 3 < r0,r1"],
        "#2",
    ),
    "chord: its own args go to the header": (
        lambda: chord([w(1), wi(2)], w(3)).clone(args=(9,)),
        ["9 1 <", "2 <", "[#0,#1] 3 < r0,r1"],
        "#2",
    ),
    "empty header: the body gets [] and waits for the step before": (
        lambda: w(1) | chord([], w(2)),
        ["1 <", "[] 2 < r0"],
        "#1",
    ),
    "a member that ends in a group is a nested list": (
        lambda: chord([w(1) | group(w(2), w(3)), w(4)], w(5)),
        ["1 <", "#0 2 < r0", "#0 3 < r0", "4 <", "[[#1,#2],#3] 5 < r1,r2,r3"],
        "#4",
    ),
    "the root group of one such member is its list": (
        lambda: group(w(1) | group(w(2), w(3))),
        ["1 <", "#0 2 < r0", "#0 3 < r0"],
        "[#1,#2]",
    ),
    "H2: a member that ends in a group with a chord": (
        lambda: chord([w(1) | group(w(2), chord([w(3)], w(4)))], w(5)),
        ["1 <", "#0 2 < r0", "#0 3 < r0", "[#2] 4 < r2", "[[#1,#3]] 5 < r1,r3"],
        "#4",
    ),
    "steps behind a chord joined one by one": (
        lambda: chord([w(1), w(2)], group([w(3), w(4)])) | w(5),
        ["1 <", "2 <", "[#0,#1] 3 < r0,r1", "[#0,#1] 4 < r0,r1", "[#2,#3] 5 < r2,r3"],
        "#4",
    ),
    "group | group": (
        lambda: group(w(1), w(2)) | group(w(3), w(4)),
        ["1 <", "2 <", "[#0,#1] 3 < r0,r1", "[#0,#1] 4 < r0,r1"],
        "[#2,#3]",
    ),
    "map: one row that ignores its input": (lambda: w(1) | app.tasks["work"].map([1, 2]), ["1 <", "< r0"], "#1"),
    "chunks: a group of starmaps": (lambda: app.tasks["work"].chunks([(1,), (2,), (3,)], 2), ["<", "<"], "[#0,#1]"),
    "link: a side row fed by its owner": (
        lambda: chain(linked(w(1), w(9)), w(2)),
        ["1 <", "#0 9 < r0", "#0 2 < r0"],
        "#2",
    ),
    "link of a chain: behind its last step": (
        lambda: linked(chain(w(1), w(2)), w(9)),
        ["1 <", "#0 2 < r0", "#1 9 < r1"],
        "#1",
    ),
    "link of a chord: behind its body": (
        lambda: linked(chord([w(1)], w(2)), w(9)),
        ["1 <", "[#0] 2 < r0", "#1 9 < r1"],
        "#1",
    ),
    "a whole chain's args go to its first step": (
        lambda: with_args(chain(w(1), w(2)), 7),
        ["7 1 <", "#0 2 < r0"],
        "#1",
    ),
}


def linked(canvas: Any, callback: Any) -> Any:
    canvas.link(callback)
    return canvas


def with_args(canvas: Any, *args: Any) -> Any:
    canvas.args = args
    return canvas


@pytest.mark.parametrize("rule", RULES)
def test_wiring(rule: str) -> None:
    build, rows, root = RULES[rule]
    assert wiring(build()) == rows
    assert shown(planted(build()).root) == root


OPTIONS: dict[str, tuple[Callable[[], Any], list[dict[str, Any]]]] = {
    "a chain's go to its first step": (
        lambda: chain(w(1).set(priority=6), w(2)).set(priority=3, queue="pool"),
        [{"priority": 3, "queue": "pool"}, {}],
    ),
    "a group's override its members'": (
        lambda: group([w(1).set(priority=6, queue="a"), w(2)]).set(priority=3),
        [{"priority": 3, "queue": "a"}, {"priority": 3}],
    ),
    "a chord's go to header and body": (
        lambda: chord([w(1)], w(2).set(priority=6)).set(priority=3),
        [{"priority": 3}, {"priority": 3}],
    ),
    "a chord's countdown goes to the header only": (
        lambda: chord([w(1)], w(2)).set(countdown=5, queue="pool"),
        [{"countdown": 5, "queue": "pool"}, {"queue": "pool"}],
    ),
    "an outer countdown replaces an inner eta": (
        lambda: group([w(1).set(eta=datetime(2030, 1, 1, tzinfo=UTC)), w(2)]).set(countdown=5),
        [{"countdown": 5}, {"countdown": 5}],
    ),
    "times become text in UTC": (
        lambda: w(1).set(expires=datetime(2030, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))),
        [{"expires": "2030-01-01T00:00:00+00:00"}],
    ),
    "limits stay with their task": (
        lambda: chain(w(1), w(2).set(time_limit=60, soft_time_limit=50)),
        [{}, {"time_limit": 60, "soft_time_limit": 50}],
    ),
}


@pytest.mark.parametrize("rule", OPTIONS)
def test_options(rule: str) -> None:
    build, expected = OPTIONS[rule]
    assert [dict(row.options) for row in rows_of(build())] == expected


def test_map_row_holds_the_name_and_the_items() -> None:
    (row,) = rows_of(app.tasks["work"].starmap([(1, 2), (3,)]))
    assert (row.task, dict(row.kwargs)) == ("celery.starmap", {"task": "work", "it": [[1, 2], [3]]})


def test_the_signature_is_only_read() -> None:
    canvas = chain(w(1), group(w(2), w(3)), chord([w(4)], linked(w(5), w(6)))).on_error(wi(7))
    before = deepcopy(canvas)
    planted(canvas)
    assert canvas == before


def test_a_generator_is_read_and_can_be_read_again() -> None:
    canvas = group(w(number) for number in range(3))
    assert rows_of(canvas) == rows_of(canvas)
    assert len(rows_of(canvas)) == 3


def test_ids_of_frozen_signatures_are_not_kept() -> None:
    frozen = w(1)
    frozen.freeze()
    assert [row.id for row in rows_of(frozen)] == ["r0"]
