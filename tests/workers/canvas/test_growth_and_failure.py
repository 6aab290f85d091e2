"""What follows a failure, what settled joins do, and canvases that take a task's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery, chain, chord, group

from tests.support.canvas.run_plan import Fate, Pick
from tests.support.canvas.tasks import TABLE, digest, make_app
from tests.workers.canvas.plans import calls_of, first, last, planted, rows_of, run
from workers.canvas import CanvasRefused, ListOf, compile_replacement

app: Celery = make_app(lambda _: None)
w: Callable[..., Any] = app.tasks["work"].s
wi: Callable[..., Any] = app.tasks["work"].si
bad: Callable[..., Any] = app.tasks["fail"].s
note: Callable[..., Any] = app.tasks["note"].s


def fates(canvas: Any, pick: Pick = first) -> list[str]:
    return [str(fate) for fate in run(canvas, pick=pick).fates.values()]


def rung(canvas: Any) -> list[tuple[Any, ...]]:
    """The arguments of the errbacks that ran: the failed row's id and the errback's label."""
    return sorted(call.args for call in run(canvas).calls if call.task == "note")


@pytest.mark.parametrize("pick", [first, last])
def test_successors_of_a_failed_step_are_stopped_with_its_cause(pick: Pick) -> None:
    outcome = run(chain(w(1), bad(2), w(3), group(w(4), w(5))), pick=pick)
    assert [str(fate) for fate in outcome.fates.values()] == ["succeeded", "failed", "stopped", "stopped", "stopped"]
    assert {outcome.causes[row] for row in ("r2", "r3", "r4", "root")} == {"r1"}


def test_a_body_is_stopped_only_when_all_of_its_header_ended() -> None:
    outcome = run(chord([bad(1), w(2), w(3)], w(4)), pick=first)
    assert [call.row for call in outcome.calls] == ["r0", "r1", "r2"]
    assert outcome.fates["r3"] is Fate.STOPPED


@pytest.mark.parametrize(
    "canvas",
    [
        lambda: chord([w(1), bad(2), w(3)], w(4)).set(join="settled"),
        lambda: chord([w(1), bad(2), w(3)], w(4).set(join="settled")),
        lambda: group([w(1), bad(2), w(3)]) | w(4).set(join="settled"),
        lambda: chord([w(1), bad(2) | w(9), w(3)], chain([w(4), w(5)]).set(join="settled")),
    ],
    ids=["on the chord", "on the body", "on the step behind a group", "on a chain as body"],
)
def test_a_settled_body_runs_with_what_succeeded(canvas: Callable[[], Any]) -> None:
    call = next(call for call in run(canvas()).calls if call.args[-1] == 4)
    assert call.args == ([digest(1), digest(3)], 4)


def test_settled_for_the_whole_canvas() -> None:
    outcome = run(chain(w(1), group(w(2), bad(3)), w(4), group(bad(5), w(6))), join="settled")
    assert outcome.succeeded
    assert outcome.root == [digest(digest([digest(digest(1), 2)], 4), 6)]


def test_a_settled_body_runs_with_an_empty_list_when_all_failed() -> None:
    assert run(chain(bad(1), chord([w(2), w(3)], w(4)).set(join="settled"))).root == digest([], 4)


def test_a_list_inside_a_settled_list_is_settled_too() -> None:
    canvas = chord([w(1) | group(w(2), bad(3)), w(4)], w(5)).set(join="settled")
    assert run(canvas).root == digest([[digest(digest(1), 2)], digest(4)], 5)


def test_all_at_one_chord_of_a_settled_canvas() -> None:
    outcome = run(chord([w(1), bad(2)], w(3)).set(join="all"), join="settled")
    assert outcome.fates["r2"] is Fate.STOPPED


def test_an_immutable_settled_step_runs_whatever_happened_before() -> None:
    assert fates(chain(bad(1), wi(2).set(join="settled"))) == ["failed", "succeeded"]


def test_the_failing_tasks_errback_only() -> None:
    canvas = chain(w(1).on_error(note(91)), bad(2).on_error(note(92)), w(3).on_error(note(93)))
    assert rung(canvas) == [("r2", 92)]


def test_a_chains_errback_is_that_of_the_step_that_fails() -> None:
    assert rung(chain(w(1), bad(2), w(3)).on_error(note(90))) == [("r2", 90)]


@pytest.mark.parametrize(
    ("canvas", "expected"),
    [
        (lambda: chord([bad(1), bad(2), w(3)], w(4).on_error(note(90))), [("r3", 90)]),
        (lambda: chord([bad(1) | w(2)], w(4).on_error(note(90))), [("r2", 90)]),
        (lambda: chord([w(1), w(2)], bad(4).on_error(note(90))), [("r2", 90)]),
        (lambda: chain(bad(1), chord([w(2)], w(4).on_error(note(90)))), []),
        (lambda: chord([chord([bad(1)], w(2).on_error(note(91)))], w(3).on_error(note(92))), [("r1", 91), ("r3", 92)]),
        (lambda: chord([bad(1)], group([w(2).on_error(note(91)), w(3).on_error(note(92))])), [("r1", 91), ("r3", 92)]),
        (lambda: chain(w(0), chord([bad(1), w(2)], w(3))).on_error(note(90)), [("r4", 90)]),
    ],
    ids=["header", "inside a member", "itself", "before the header", "nested", "body group", "chain around"],
)
def test_a_bodys_errback_rings_once_for_a_failure_inside_its_header(
    canvas: Callable[[], Any], expected: list[tuple[Any, ...]]
) -> None:
    assert rung(canvas()) == expected


def test_an_errback_nobody_rang_is_stopped_without_a_cause() -> None:
    outcome = run(w(1).on_error(note(90)))
    assert (outcome.fates["r1"], "r1" in outcome.causes) == (Fate.STOPPED, False)


def test_an_errback_may_be_a_canvas() -> None:
    canvas = bad(1).on_error(chain(w(2), w(3)))
    assert [row.is_errback for row in rows_of(canvas)] == [False, True, True]
    assert calls_of(run(canvas)).total() == 3


def test_the_same_errback_given_twice_rings_once() -> None:
    assert rung(chain(bad(1).on_error(note(90)), w(2)).on_error(note(90))) == [("r0", 90)]


def test_a_link_that_fails_does_not_touch_the_canvas() -> None:
    linked = w(1)
    linked.link(bad(2))
    assert run(chain(linked, w(3))).succeeded


def fan_out(count: Any, *_rest: Any) -> Any:
    return group([w(number) for number in range(int(count))])


@pytest.mark.parametrize("pick", [first, last])
def test_a_task_may_put_a_canvas_in_its_place(pick: Pick) -> None:
    outcome = run(chain(app.signature("spread", args=(3,)), w(8)), {**TABLE, "spread": fan_out}, pick)
    assert outcome.root == digest([digest(0), digest(1), digest(2)], 8)
    assert outcome.fates["r0"] is Fate.SUCCEEDED


def test_a_canvas_in_a_tasks_place_fails_it_with_its_cause() -> None:
    table = {**TABLE, "spread": lambda: chain(w(1), bad(2), w(3))}
    outcome = run(app.signature("spread").on_error(note(90)), table)
    assert outcome.fates["r0"] is Fate.FAILED
    assert outcome.causes["r0"] in outcome.errors
    assert [call.args for call in outcome.calls if call.task == "note"] == [("r0", 90)]


def test_a_settled_canvas_in_a_tasks_place_gives_what_succeeded() -> None:
    table = {**TABLE, "spread": lambda: group([w(1), bad(2)]).set(join="settled")}
    assert run(app.signature("spread"), table).root == [digest(1)]


def test_a_group_in_a_tasks_place_is_never_unwrapped() -> None:
    canvas = group([w(1) | group([w(2), w(3)])])
    nested = compile_replacement(canvas, new_id=iter("abc").__next__, depth=0).root
    assert isinstance(nested, ListOf)
    assert isinstance(nested.items[0], ListOf)


def test_nesting_is_capped() -> None:
    table = {**TABLE, "again": lambda: app.signature("again")}
    outcome = run(app.signature("again"), table, max_nesting=3)
    assert len(outcome.calls) == 4
    assert "more than 3 deep" in str(next(iter(outcome.errors.values())))
    assert not outcome.succeeded
    with pytest.raises(CanvasRefused, match="return a value"):
        compile_replacement(w(1), new_id=str, depth=8)


def test_the_ends_of_a_canvas_are_the_rows_its_result_waits_for() -> None:
    assert planted(chain(w(1), group(w(2), w(3)))).ends == ("r1", "r2")
