"""Overlapping screens put together, against the list they were cut from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.stitch import Parts, agree, bridge, stitch


@dataclass(frozen=True)
class Line:
    parts: Parts
    whole: bool = True
    height: int = 100


def lines(*names: str) -> list[Line]:
    return [Line((name, name * 2)) for name in names]


def test_an_overlap_is_counted_once() -> None:
    rows = lines("a", "b", "c")
    joined = stitch(rows, lines("b", "c", "d"))
    assert [row.parts[0] for row in rows] == ["a", "b", "c", "d"]
    assert (joined.start, joined.fresh, joined.gap) == (1, 1, False)


def test_a_screen_that_did_not_move_adds_nothing() -> None:
    rows = lines("a", "b", "c")
    assert stitch(rows, lines("a", "b", "c")).fresh == 0
    assert len(rows) == 3


def test_screens_that_do_not_join_are_a_gap_and_add_nothing() -> None:
    rows = lines("a", "b")
    assert stitch(rows, lines("d", "e")).gap
    assert len(rows) == 2
    assert bridge(rows, lines("b", "d", "e")).fresh == 2
    assert [row.parts[0] for row in rows] == ["a", "b", "d", "e"]


def test_a_clipped_row_is_filled_in_by_the_whole_one() -> None:
    rows = [*lines("a"), Line(("b", None), whole=False)]
    stitch(rows, [Line((None, "aa"), whole=False), *lines("b", "c")])
    assert rows == lines("a", "b", "c")


def test_identical_rows_are_told_apart_by_the_fingers_way() -> None:
    rows = lines("x", "x", "x", "x")
    stitch(rows, lines("x", "x", "x", "x"), expected=3)
    assert len(rows) == 7
    stitch(rows, lines("x", "x", "x", "x"), expected=3)
    assert len(rows) == 7


def test_identical_rows_without_a_hint_are_never_counted_twice() -> None:
    rows = lines("x", "x", "x")
    stitch(rows, lines("x", "x", "x"))
    assert len(rows) == 3


def test_identical_rows_are_told_apart_by_their_heights() -> None:
    tall = Line(("x", "xx"), height=300)
    rows = [*lines("x", "x"), tall, *lines("x")]
    stitch(rows, [tall, *lines("x", "x")], expected=3)
    assert [row.height for row in rows] == [100, 100, 300, 100, 100]


def test_a_step_back_is_recognised() -> None:
    rows = lines("a", "b", "c", "d", "e")
    assert stitch(rows, lines("b", "c")).start == 1
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", "x"), ("a", "x"), True),
        (("a", "x"), ("a", "y"), False),
        (("a", None), ("a", "y"), True),
        (("a", None), (None, "y"), False),  # nothing in common proves nothing
        ((None, None), (None, None), False),
    ],
)
def test_rows_agree_on_what_both_show(one: Parts, other: Parts, same: bool) -> None:
    assert agree(one, other) is same


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=60),
    st.integers(4, 9),
    st.data(),
)
def test_any_list_is_read_as_it_is(names: list[str], height: int, data: st.DataObject) -> None:
    """Few names, so that rows repeat; the edges clip; every move is known and leaves a whole row in sight."""
    rows: list[Line] = []
    at = 0
    while True:
        window = [Line((name, name * 2)) for name in names[at : at + height]]
        if at and window and data.draw(st.booleans()):
            window[0] = Line((None, window[0].parts[1]), whole=False)
        last = at + height >= len(names)
        if len(window) > 1 and not last and data.draw(st.booleans()):
            window[-1] = Line((window[-1].parts[0], None), whole=False)
        stitch(rows, window, expected=at)
        if last:
            break
        at += data.draw(st.integers(1, height - 3))
    assert [(row.parts[0] or row.parts[1] or "")[0] for row in rows] == names


@given(st.lists(st.integers(), unique=True, min_size=1, max_size=60), st.integers(2, 9), st.data())
def test_distinct_rows_need_no_hint(numbers: list[int], height: int, data: st.DataObject) -> None:
    rows: list[Line] = []
    at = 0
    while True:
        stitch(rows, [Line((str(number),)) for number in numbers[at : at + height]])
        if at + height >= len(numbers):
            break
        at += data.draw(st.integers(1, height - 1))
    assert [row.parts[0] for row in rows] == [str(number) for number in numbers]
