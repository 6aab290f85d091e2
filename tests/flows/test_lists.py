"""Walking down lists that misbehave: flings, jumps, rows higher than the screen, lists that never load."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.app import App
from flows.failures import FlowFailure
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import LOADING_LOOKS, RETRIES, Walk
from flows.profile import load_profile
from flows.session import Session
from tests.flows.paper import PaperList
from tests.flows.rig import MemoryJournal, MemoryWatch

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


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), HEIGHTS), max_size=40))
def test_identical_rows_are_never_counted_twice(drawn: list[tuple[str, str, int]]) -> None:
    phone = PaperList(drawn)
    walk = walk_down(phone)
    assert len(walk.rows) <= len(drawn)
    assert {*read(walk)} == {*written(phone)}


def test_identical_rows_are_all_counted_unless_they_fill_the_end_of_the_list() -> None:
    phone = PaperList([("a", "顶", 200)] * 25 + rows(*[240] * 20))
    assert read(walk_down(phone)) == written(phone)


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
