"""The drawings: bars that fill their width, a picture of any canvas, a chart of any campaign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.drawing.bars import ORDER, bar
from gateway.console.drawing.canvas_picture import HEIGHT, WIDTH, picture
from gateway.console.drawing.gantt import LEFT, MOST_MARKS, RIGHT, Span, gantt
from gateway.console.drawing.gantt import WIDTH as CHART
from models.tasks.states import ENDED, State

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
FLOWS = st.sampled_from("abcdef")


@given(st.dictionaries(st.sampled_from([str(one) for one in State]), st.integers(0, 10**6)))
def test_a_bar_is_filled_and_each_state_is_seen(states: dict[str, int]) -> None:
    slices = bar(states)
    assert {one.state for one in slices} == {state for state, count in states.items() if count}
    if slices:
        assert sum(one.width for one in slices) == pytest.approx(100, abs=0.1)
        assert min(one.width for one in slices) > 1


def test_every_state_has_its_place_in_a_bar() -> None:
    assert set(ORDER) == {str(one) for one in State}


@given(st.sets(FLOWS, min_size=1), st.sets(st.tuples(FLOWS, FLOWS)))
def test_a_picture_has_each_flow_once_and_no_boxes_over_each_other(
    flows: set[str], follows: set[tuple[str, str]]
) -> None:
    drawn = picture({one: {"ready": 1} for one in flows}, follows, ENDED)
    assert {one.flow for one in drawn.boxes} == flows
    places = [(one.x, one.y) for one in drawn.boxes]
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) + WIDTH <= drawn.width
    assert max(y for _, y in places) + HEIGHT <= drawn.height


def test_what_follows_stands_to_the_right() -> None:
    drawn = picture({"a": {}, "b": {"succeeded": 2, "ready": 1}, "c": {}}, {("a", "b"), ("b", "c"), ("a", "c")}, ENDED)
    x = {one.flow: one.x for one in drawn.boxes}
    assert x["a"] < x["b"] < x["c"]
    assert len(drawn.curves) == 3
    (b,) = [one for one in drawn.boxes if one.flow == "b"]
    assert (b.ended, b.total) == (2, 3)


@given(
    st.integers(0, 40 * 86_400),
    st.lists(st.tuples(st.sampled_from(["p1", "p2"]), st.integers(-100, 10**6), st.none() | st.integers(0, 10**6))),
)
def test_a_chart_keeps_every_attempt_inside(seconds: int, attempts: list[tuple[str, int, int | None]]) -> None:
    spans = [
        Span(
            phone,
            "t",
            "f",
            NOON + timedelta(seconds=start),
            None if long is None else NOON + timedelta(seconds=start + long),
            "running",
        )
        for phone, start, long in attempts
    ]
    drawn = gantt(spans, NOON, NOON + timedelta(seconds=seconds), {"p3": "idle"})
    assert sum(len(one.bars) for one in drawn.lines) == len(spans)
    assert [one.phone for one in drawn.lines] == sorted({"p3", *(one.phone for one in spans)})
    for line in drawn.lines:
        assert all(one.x >= LEFT and one.x + one.width <= CHART - RIGHT + 2 for one in line.bars)
    assert len(drawn.marks) <= MOST_MARKS + 1
    assert all(LEFT <= x <= CHART - RIGHT for x, _ in drawn.marks)
