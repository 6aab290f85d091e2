"""Everything that is refused, by name, with its place and its remedy."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from celery import Celery, chain, chord, group
from celery.canvas import Signature, _chain, xmap

from tests.support.canvas.tasks import make_app
from tests.workers.canvas.plans import ids, rows_of
from workers.canvas import CanvasRefused, Limits, compile_canvas

app: Celery = make_app(lambda _: None)
w: Callable[..., Any] = app.tasks["work"].s


def linked(canvas: Any, callback: Any) -> Any:
    canvas.link(callback)
    return canvas


def with_args(canvas: Any, *args: Any) -> Any:
    canvas.args = args
    return canvas


def frozen_twice() -> Any:
    task = w(1)
    task.freeze()
    return chain(w(0), group([task, task.clone()]))


def stamped() -> Any:
    task = w(1)
    task.stamp(customer="a")
    return task


def deep(levels: int) -> Any:
    canvas = w(1)
    for _ in range(levels):
        canvas = group([canvas])
    return canvas


REFUSED: dict[str, tuple[Callable[[], Any], str, str, str]] = {
    "empty chain": (lambda: _chain([]), "chain", "empty chain", "give it a step"),
    "chord without a body": (lambda: chord([w(1)]), "chord", "without a body", "write a group"),
    "chord with an empty body": (lambda: chord([w(1)], group([])), "chord.body.group", "never ends", "write a group"),
    "link on a group": (lambda: group([w(1)]).set(link=w(2)), "group", "no link", "group | task"),
    "link_error on a group": (lambda: group([w(1)]).set(link_error=w(2)), "group", "no link_error", "each member"),
    "link where a chain ends in a group": (
        lambda: linked(chain(w(1), group(w(2), w(3))), w(4)),
        "chain[1].group",
        "would follow a group",
        "group | task",
    ),
    "link where a chord ends in a group": (
        lambda: chord([w(1)], group(w(2), w(3))).set(link=[w(4)]),
        "chord.body.group",
        "would follow a group",
        "group | task",
    ),
    "args on an inner chain": (
        lambda: group([with_args(chain(w(1), w(2)), 3)]),
        "group[0].chain.args",
        "drops the args",
        "first step",
    ),
    "args on a chain in a chain": (
        lambda: _chain([w(0), with_args(_chain([w(1), w(2)]), 3)]),
        "chain[1].chain.args",
        "drops the args",
        "first step",
    ),
    "args on a group": (lambda: with_args(group([w(1)]), 1), "group.args", "drops", "each member"),
    "reused task ids": (frozen_twice, "chain[1].group[1]", "stands here twice", "freeze"),
    "bare chunks mid-chain": (
        lambda: w(1) | app.tasks["work"].chunks([(1,)], 1),
        "chain[1].chunks",
        "bare chunks",
        ".group()",
    ),
    "stamping": (stamped, "task.options", "stamping", "parameter"),
    "unbounded generator": (lambda: group(w(n) for n in itertools.count()), "group", "without an end", "bound"),
    "unbounded map": (lambda: app.tasks["work"].map(itertools.count()), "map.kwargs.it", "without an end", "bound"),
    "protocol 1": (lambda: _chain([w(1)], use_link=True), "chain.options.use_link", "protocol 1", "leave use_link out"),
    "H1: steps behind a chord whose body is a group": (
        lambda: _chain([chord([w(1)], group(w(2), w(3))), w(4)]),
        "chain[0].chord",
        "once per member",
        "chord(header, group | task)",
    ),
    "H1: with the body inside another chord": (
        lambda: _chain([chord([w(1)], chord([w(2)], group(w(3), w(4)))), w(5)]),
        "chain[0].chord",
        "once per member",
        "one by one with |",
    ),
    "H3: a chain that holds only a group": (
        lambda: w(0) | group([_chain([group(w(1), w(2))]), w(3)]),
        "chain[1].group[0].chain",
        "loses its input",
        "without the chain",
    ),
    "H3: a chain led by a group": (
        lambda: w(0) | group([_chain([group(w(1), w(2)), w(3)]), w(4)]),
        "chain[1].group[0].chain",
        "loses its input",
        "group | task",
    ),
    "immutable chain": (lambda: chain(w(1), w(2)).set(immutable=True), "chain", "immutable chain", "task.si"),
    "immutable group": (lambda: group([w(1)], immutable=True), "group", "immutable", "task.si"),
    "unknown option": (lambda: w(1).set(serializer="pickle"), "task.options.serializer", "not supported", "priority"),
    "priority out of range": (lambda: w(1).set(priority=10), "task.options.priority", "no priority", "0 (urgent)"),
    "queue that is no text": (lambda: w(1).set(queue=3), "task.options.queue", "text", "255"),
    "negative countdown": (lambda: w(1).set(countdown=-1), "task.options.countdown", "seconds", "give 0 to"),
    "no time at all": (lambda: w(1).set(time_limit=0), "task.options.time_limit", "seconds", "more than 0"),
    "time without a zone": (lambda: w(1).set(eta=datetime(2030, 1, 1)), "task.options.eta", "zone", "+08:00"),  # noqa: DTZ001
    "no time": (lambda: w(1).set(expires="soon"), "task.options.expires", "not a time", "ISO 8601"),
    "a time before the calendar": (
        lambda: w(1).set(eta="0001-01-01T00:00:00Z"),
        "task.options.eta",
        "calendar",
        "year",
    ),
    "a time after the calendar": (
        lambda: w(1).set(expires="9999-12-31T23:59:59-10:00"),
        "task.options.expires",
        "calendar",
        "year",
    ),
    "countdown and eta": (
        lambda: w(1).set(countdown=1, eta="2030-01-01T00:00:00Z"),
        "task.options",
        "both",
        "one of them",
    ),
    "unknown join": (lambda: chord([w(1)], w(2)).set(join="any"), "chord.options.join", "no join", '"settled"'),
    "settled without a list": (
        lambda: w(1) | w(2).set(join="settled"),
        "chain[1].options.join",
        "no list",
        "behind a group",
    ),
    "settled inside all": (
        lambda: chord([chain([w(1), group([w(2), w(3)]).set(join="settled")])], w(4)),
        "chord.header",
        "not settled",
        "outer",
    ),
    "join on a flattened group": (
        lambda: group([w(1), group([w(2), w(3)]).set(join="settled")]),
        "group[1].group",
        "flattens",
        "outer",
    ),
    "a value that is not JSON": (lambda: w({1, 2}), "task.args[0]", "not JSON", "lists"),
    "a key that is no text": (lambda: w({1: 2}), "task.args[0]", "not text", "text keys"),
    "not a number": (lambda: w(a=float("nan")), "task.kwargs.a", "not JSON", "finite"),
    "a number beyond 64 bits": (lambda: w(2**64), "task.args[0]", "64 bits", "a smaller number"),
    "half a surrogate pair": (lambda: w("\ud83d"), "task.args[0]", "surrogate", "Unicode"),
    "a task of Celery's own": (lambda: Signature("celery.backend_cleanup"), "task", "Celery's own", "fleet's tasks"),
    "a task without a name": (lambda: Signature(""), "task", "without the name", "task.s"),
    "map with args of its own": (lambda: xmap(w(1), [2]), "map.kwargs.task", "drops the task's own args", "each item"),
    "starmap of scalars": (lambda: app.tasks["work"].starmap([1]), "starmap.kwargs.it[0]", "lists of arguments", "[["),
    "no signature": (lambda: group([w(1), 3]), "group[1]", "is no signature", "task.s"),
    "unknown kind": (lambda: Signature("x", subtask_type="ring"), "canvas", "unknown subtask_type", "chain, group"),
    "too deep": (
        lambda: deep(101),
        ".".join(["group", *["group"] * 99]).replace("group.", "group[0]."),
        "deep",
        "split",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    build, field, reason, remedy = REFUSED[name]
    with pytest.raises(CanvasRefused) as caught:
        rows_of(build())
    refusal = caught.value
    assert refusal.field.startswith(field)
    assert reason in refusal.reason
    assert remedy in refusal.remedy
    assert str(refusal) == f"{refusal.field}: {refusal.reason}; {refusal.remedy}"


LIMITS: dict[str, tuple[Limits, Callable[[], Any]]] = {
    "rows": (Limits(rows=5), lambda: group([w(n).on_error(w(9)) for n in range(3)])),
    "edges": (Limits(edges=20), lambda: chord([w(n) for n in range(5)], group([w(n) for n in range(5)]))),
    "bytes": (Limits(bytes=1000), lambda: chain(w(1), w(2), w(3)).on_error(w("x" * 400))),
}


@pytest.mark.parametrize("what", LIMITS)
def test_growth_is_counted_in_what_is_planted(what: str) -> None:
    limits, build = LIMITS[what]
    rows_of(build())
    with pytest.raises(CanvasRefused, match=what):
        compile_canvas(build(), new_id=ids(), limits=limits)
