"""Overlapping screens put together, against the list they were cut from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.stitch import Parts, Reach, agree, bridge, farthest, repeats, stitch

ROW = 100  # pixels


@dataclass(frozen=True)
class Line:
    parts: Parts
    whole: bool = True
    top: int | None = None
    bottom: int | None = None


def lines(*names: str) -> list[Line]:
    return [Line((name, name * 2)) for name in names]


def drawn(names: str, at: int = 0, heights: dict[int, int] | None = None) -> list[Line]:
    """Rows under each other, the first of them at that pixel."""
    placed = []
    for place, name in enumerate(names):
        height = (heights or {}).get(place, ROW)
        placed.append(Line((name, name * 2), True, at, at + height))
        at += height
    return placed


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


def test_identical_rows_are_told_apart_by_how_far_they_moved() -> None:
    rows = drawn("xxxx")
    joined = stitch(rows, drawn("xxxx", 40), Reach(0, drawn("xxxx"), 0, 90, (0, 440)))
    assert (joined.start, joined.moved, joined.gap) == (1, 60, False)
    assert len(rows) == 5


def test_identical_rows_that_may_have_moved_by_one_or_two_are_a_gap_and_counted_once() -> None:
    rows = drawn("xxxx")
    joined = stitch(rows, drawn("xxxx", 40), Reach(0, drawn("xxxx"), 0, 190, (0, 440)))
    assert joined.gap
    assert len(rows) == 5  # at least one is new


def test_identical_rows_without_a_hint_are_never_counted_twice() -> None:
    rows = lines("x", "x", "x")
    assert stitch(rows, lines("x", "x", "x")).gap
    assert len(rows) == 3


def test_identical_rows_are_told_apart_by_their_heights() -> None:
    before = drawn("xxxx", heights={2: 300})
    rows = list(before)
    joined = stitch(rows, drawn("xxx", 40, heights={1: 300}), Reach(0, before, 0, 300, (0, 2000)))
    assert (joined.start, joined.moved, joined.gap) == (1, 60, False)
    assert len(rows) == 4


def test_rows_that_came_on_top_push_the_others_down() -> None:
    before = drawn("abcd")
    rows = list(before)
    joined = stitch(rows, drawn("zabc"), Reach(0, before, 0, 50, (0, 2000)))
    assert not joined.joined  # nothing known is in its first row's place
    rows = drawn("yabcd")
    joined = stitch(rows, drawn("yab", 30), Reach(1, before, 0, 50, (0, 2000)))
    assert (joined.start, joined.gap) == (0, False)


def test_a_row_that_grew_still_joins() -> None:
    before = drawn("abcde")
    rows = list(before)
    joined = stitch(rows, drawn("bcdef", 50, heights={1: 158}), Reach(0, before, 0, 90, (0, 2000)))
    assert (joined.start, joined.gap, len(rows)) == (1, False, 6)


def test_where_rows_look_alike_a_list_may_move_by_less_than_one_of_them() -> None:
    assert farthest(drawn("abcdef"), 0, 1000) == 500
    assert farthest(drawn("abcdef"), 0, 450) == 450
    assert farthest(drawn("xxxxxx"), 0, 1000) == 83  # and the pixels that may be rounded
    assert farthest(drawn("ababab"), 0, 1000) == 100  # by less than two
    assert farthest(drawn("abcabc"), 0, 1000) == 200
    assert farthest(drawn("xxxxxx", heights={1: 160}), 0, 1000) == 260  # heights tell as well
    assert farthest([], 0, 1000) == 1000


def test_rows_without_a_text_repeat_as_others_do() -> None:
    assert repeats([Line(("a", "")), Line(("a", ""))])
    assert not repeats([Line(("a", None)), Line(("a", None)), Line(("a", "x")), Line(("b", "x"))])


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
    st.text("abc", min_size=1, max_size=60),
    st.integers(400, 900),
    st.lists(st.integers(80, 400), min_size=60),
    st.data(),
)
def test_any_list_is_read_as_it_is(names: str, size: int, heights: list[int], data: st.DataObject) -> None:
    """Few names, so that rows repeat; the edges clip; every move is within what the rows allow."""
    whole = drawn(names, heights=dict(enumerate(heights)))
    end = whole[-1].bottom or 0
    rows: list[Line] = []
    reach, at = None, 0
    while True:
        screen = _window(whole, at, size)
        joined = stitch(rows, screen, reach)
        assert joined.joined
        assert not joined.gap
        if at + size >= end:
            break
        most = farthest(screen, 20, size)
        moved = data.draw(st.integers(1, most))
        at = min(at + moved, max(0, end - size))
        reach = Reach(joined.start, screen, 0, most, (0, size))
    assert [row.parts[0] for row in rows] == list(names)


def _window(rows: list[Line], at: int, size: int) -> list[Line]:
    """What a list of that height shows, scrolled so far."""
    seen = []
    for row in rows:
        top, bottom = (row.top or 0) - at, (row.bottom or 0) - at
        if bottom > 0 and top < size:
            cut = bottom > size
            seen.append(Line(row.parts, not cut, top if top > 0 else None, None if bottom >= size else bottom))
    return seen


@given(st.lists(st.integers(), unique=True, min_size=1, max_size=60), st.integers(3, 9), st.data())
def test_distinct_rows_need_no_hint(numbers: list[int], height: int, data: st.DataObject) -> None:
    rows: list[Line] = []
    at = 0
    while True:
        assert not stitch(rows, [Line((str(number),)) for number in numbers[at : at + height]]).gap
        if at + height >= len(numbers):
            break
        at = min(at + data.draw(st.integers(1, height - 2)), len(numbers) - height)
    assert [row.parts[0] for row in rows] == [str(number) for number in numbers]
