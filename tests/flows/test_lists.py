"""Walking down lists that misbehave: flings, jumps, rows higher than the screen, lists that never load."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.app import App
from flows.comment_list import as_comment
from flows.failures import FlowFailure
from flows.find import find_comment, walk_to
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import LOADING_LOOKS, RETRIES, Walk
from flows.profile import load_profile
from flows.session import Session
from flows.times import ZONE
from tests.flows.paper import STICKER, PaperList
from tests.support.memory import MemoryJournal, MemoryWatch

PROFILE = load_profile()


def walk_down(phone: PaperList, most: int = 500) -> Walk[CommentsPage, CommentRow]:
    """Walk to the end of the list."""
    session = Session(
        phone, PROFILE, "account", random.Random(1), MemoryJournal(), MemoryWatch(), pause=lambda seconds: None
    )
    walk: Walk[CommentsPage, CommentRow] = Walk(App(session).see(CommentsPage))
    for _ in range(most):
        if not walk.advance():
            return walk
    raise AssertionError(f"no end after {most} screens")


def rows(*heights: int) -> list[tuple[str, str, int]]:
    return [(f"u{place}", f"t{place}", height) for place, height in enumerate(heights)]


def read(walk: Walk[CommentsPage, CommentRow]) -> list[tuple[str | None, str | None]]:
    return [(row.commenter, row.text) for row in walk.rows]


def written(phone: PaperList) -> list[tuple[str, str]]:
    return [(commenter, text) for commenter, text, _ in phone.rows]


HEIGHTS = st.integers(150, 700)


@settings(max_examples=30)
@given(st.lists(HEIGHTS, max_size=40))
def test_any_list_is_read_once_and_in_order(heights: list[int]) -> None:
    phone = PaperList(rows(*heights))
    walk = walk_down(phone)
    assert read(walk) == written(phone)
    assert walk.gaps == 0


ALIKE = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", "sticker"]), HEIGHTS), max_size=40)
FACTORS = st.lists(st.floats(0.9, 2.0), min_size=1, max_size=12)


def running_on(factors: list[float]) -> Callable[[int], int]:
    """A list that runs on after each swipe, each time otherwise."""
    turn = itertools.cycle(factors)
    return lambda way: round(way * next(turn))


def right_or_told(walk: Walk[CommentsPage, CommentRow], phone: PaperList) -> None:
    """Every row once and in order, or a gap; never a row too many."""
    true = [(commenter, "" if text == STICKER else text) for commenter, text, _ in phone.rows]
    assert read(walk) == true or walk.gaps
    assert len(walk.rows) <= len(true)
    assert not Counter(read(walk)) - Counter(true)


@settings(max_examples=40)
@given(ALIKE, FACTORS, st.integers(0, 4))
def test_rows_that_repeat_are_counted_right_however_the_list_runs_on(
    drawn: list[tuple[str, str, int]], factors: list[float], glide: int
) -> None:
    phone = PaperList(drawn, running_on(factors), glide)
    right_or_told(walk_down(phone, 2000), phone)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=5), st.integers(1, 12), FACTORS)
def test_blocks_that_repeat_are_counted_right(block: list[tuple[str, str]], times: int, factors: list[float]) -> None:
    phone = PaperList([(*row, 220) for row in block] * times, running_on(factors))
    right_or_told(walk_down(phone, 2000), phone)


@settings(max_examples=30)
@given(st.lists(HEIGHTS, max_size=60), FACTORS, st.integers(0, 4))
def test_rows_that_differ_are_all_read_however_the_list_runs_on(
    heights: list[int], factors: list[float], glide: int
) -> None:
    phone = PaperList(rows(*heights), running_on(factors), glide)
    walk = walk_down(phone, 2000)
    assert read(walk) == written(phone)
    assert walk.gaps == 0


@pytest.mark.parametrize("factor", [1.0, 1.3, 1.6, 2.0])
@pytest.mark.parametrize("height", [180, 250, 640])
def test_sixty_rows_of_one_text_are_sixty(factor: float, height: int) -> None:
    phone = PaperList([("a", "顶", height)] * 60, running_on([factor]), glide=2)
    walk = walk_down(phone, 2000)
    assert (len(walk.rows), walk.gaps) == (60, 0)


def test_a_list_that_begins_to_run_on_late_is_found_out() -> None:
    phone = PaperList(rows(*[250] * 80), running_on([1.0] * 6 + [1.9]))
    right_or_told(walk_down(phone), phone)


def test_a_list_that_runs_on_beyond_all_measure_is_right_or_tells() -> None:
    phone = PaperList([("a", "顶", 250)] * 3 + rows(*[250] * 60), running_on([4.0]))
    right_or_told(walk_down(phone), phone)


@settings(max_examples=30)
@given(st.lists(HEIGHTS, min_size=8, max_size=40), st.lists(st.integers(150, 400), min_size=1, max_size=4), FACTORS)
def test_a_list_that_grows_on_top_while_walked_is_read_once(
    heights: list[int], fresh: list[int], factors: list[float]
) -> None:
    swipe, new = running_on(factors), iter(enumerate(fresh))

    def on_swipe(way: int) -> int:
        number, height = next(new, (0, 0))
        if height:
            phone.rows.insert(0, (f"new{number}", "新", height))
        return swipe(way)

    phone = PaperList(rows(*heights), on_swipe)
    walk = walk_down(phone, 2000)
    old = [row for row in read(walk) if not (row[0] or "").startswith("new")]
    assert old == [(f"u{place}", f"t{place}") for place in range(len(heights))] or walk.gaps
    assert len(set(read(walk))) == len(read(walk))


def test_stickers_alone_are_rows_without_a_text() -> None:
    phone = PaperList([("a", "好", 200), ("b", STICKER, 300), ("c", "顶", 200), ("d", STICKER, 300), ("e", "赞", 200)])
    walk = walk_down(phone)
    assert read(walk) == [("a", "好"), ("b", ""), ("c", "顶"), ("d", ""), ("e", "赞")]
    assert all(row.whole for row in walk.rows)
    assert walk.gaps == 0


@pytest.mark.parametrize(
    ("shown", "first", "ended", "expected"),
    [
        ("昨天 12:30", "2026-01-01T23:50", "2026-01-02T00:05", "2025-12-31T12:30"),
        ("刚刚", "2026-01-01T23:50", "2026-01-02T00:05", "2026-01-01T23:50"),
        ("23:58", "2026-01-02T00:01", "2026-01-02T00:30", "2026-01-01T23:58"),
        ("今天 23:59", "2026-01-02T00:05", "2026-01-03T00:05", "2026-01-01T23:59"),
        ("3小时前", "2026-01-02T01:00", "2026-01-02T03:00", "2026-01-01T22:00"),
    ],
)
def test_a_moment_is_reckoned_from_when_its_screen_was_read(shown: str, first: str, ended: str, expected: str) -> None:
    phone = PaperList(rows(*[250] * 30))
    phone.time = shown
    moments = [datetime.fromisoformat(one).replace(tzinfo=ZONE) for one in (first, ended, expected)]
    now = moments[0]
    session = Session(
        phone, PROFILE, "account", random.Random(1), MemoryJournal(), MemoryWatch(),
        pause=lambda seconds: None, now=lambda: now,
    )  # fmt: skip
    walk: Walk[CommentsPage, CommentRow] = Walk(App(session).see(CommentsPage))
    seen = len([row for row in walk.rows if row.whole])
    now = moments[1]
    while walk.advance():
        pass
    comments = [as_comment(row) for row in walk.rows]
    assert {comment.at for comment in comments[:seen]} == {moments[2].isoformat()}
    assert all(datetime.fromisoformat(comment.at or "") <= now for comment in comments)


def test_a_comment_is_found_once_the_list_stands_still() -> None:
    """A list that stood still so far runs on under the eye: what is touched must lie where it was seen."""
    turn = itertools.count()
    phone = PaperList(rows(*[250] * 60), lambda way: round(way * (1.9 if next(turn) >= 5 else 1.0)), glide=6)
    session = Session(
        phone, PROFILE, "account", random.Random(1), MemoryJournal(), MemoryWatch(), pause=lambda seconds: None
    )
    walk = walk_to(App(session).see(CommentsPage), ("u40", "t40"))
    row = find_comment(walk, ("u40", "t40"), 200)
    assert row is not None
    now = CommentsPage(App(session), phone.look())
    assert [there.node.bounds for there in now.rows() if there.says(("u40", "t40"))] == [row.node.bounds]


@pytest.mark.parametrize("most", [10, 40, 41])
def test_a_comment_past_the_bound_is_not_looked_for(most: int) -> None:
    phone = PaperList(rows(*[250] * 60))
    session = Session(
        phone, PROFILE, "account", random.Random(1), MemoryJournal(), MemoryWatch(), pause=lambda seconds: None
    )
    row = find_comment(walk_to(App(session).see(CommentsPage), ("u40", "t40")), ("u40", "t40"), most)
    assert (row is not None) is (most > 40)


def test_a_steady_list_costs_one_look_a_screen() -> None:
    phone = PaperList(rows(*[250] * 200))
    walk_down(phone)
    before = phone.looks, phone.swipes
    assert phone.looks - phone.swipes < 12
    assert before[1] < 50


def test_identical_rows_are_all_counted_even_at_the_end_of_the_list() -> None:
    for phone in (
        PaperList([("a", "顶", 200)] * 25 + rows(*[240] * 20)),
        PaperList(rows(*[240] * 20) + [("a", "顶", 200)] * 25),
    ):
        walk = walk_down(phone)
        assert read(walk) == written(phone)
        assert walk.gaps == 0


@pytest.mark.parametrize(
    "on_swipe",
    [lambda way: way - 24 if way > 0 else way + 24, lambda way: way * 11 // 10, lambda way: way // 2],
    ids=["touch slop", "a little fling", "a lazy list"],
)
def test_a_list_need_not_follow_the_finger_exactly(on_swipe: Callable[[int], int]) -> None:
    phone = PaperList(rows(*[220, 300, 180] * 15), on_swipe)
    assert read(walk_down(phone)) == written(phone)


def test_a_fling_over_rows_is_noticed_and_gone_back_for() -> None:
    flings = iter([2600])
    phone = PaperList(rows(*[250] * 40), lambda way: next(flings, way))
    walk = walk_down(phone)
    assert read(walk) == written(phone) or walk.gaps


def test_a_row_higher_than_the_list_is_passed() -> None:
    phone = PaperList(rows(200, 200, 2600, 200, 200))
    walk = walk_down(phone)
    assert [place for place in read(walk) if place[0] in ("u0", "u1", "u3", "u4")] == [
        (f"u{place}", f"t{place}") for place in (0, 1, 3, 4)
    ]


def test_a_list_that_jumped_to_its_top_is_walked_down_again() -> None:
    phone = PaperList(rows(*[250] * 30))
    session = Session(
        phone, PROFILE, "account", random.Random(1), MemoryJournal(), MemoryWatch(), pause=lambda seconds: None
    )
    app = App(session)
    walk: Walk[CommentsPage, CommentRow] = Walk(app.see(CommentsPage))
    for _ in range(3):
        walk.advance()
    phone.offset = 0
    walk.resume(app.see(CommentsPage))
    assert walk.here()[0][0] == 0
    while walk.advance():
        pass
    assert read(walk) == written(phone)


def test_a_list_that_does_not_move_ends() -> None:
    phone = PaperList(rows(*[250] * 30), lambda way: 0)
    walk = walk_down(phone)
    assert walk.ended
    assert phone.swipes < 10


@pytest.mark.parametrize("state", ["list_loading", "list_retry"])
def test_a_list_that_never_loads_is_given_up_within_bounds(state: str) -> None:
    phone = PaperList([])
    phone.state = state
    with pytest.raises(FlowFailure) as failed:
        walk_down(phone)
    assert failed.value.code == "list_not_loaded"
    assert phone.looks <= LOADING_LOOKS + 1
    assert phone.taps == ["list_retry"] * (RETRIES if state == "list_retry" else 0)
