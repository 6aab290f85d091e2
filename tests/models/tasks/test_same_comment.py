"""Which comments of a collection were seen before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tasks.same_comment import WIDTHS, Posted, match

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def posted(hours_ago: float, precision: str) -> Posted:
    return Posted(NOON - timedelta(hours=hours_ago), precision)


@pytest.mark.parametrize(
    ("known", "seen", "same"),
    [
        (posted(3, "hour"), posted(3.5, "minute"), True),  # 3小时前, and tomorrow 昨天 08:30
        (posted(3, "hour"), posted(5.5, "minute"), False),
        (posted(0.1, "minute"), posted(0.11, "minute"), True),
        (posted(1, "minute"), posted(2, "minute"), False),
        (posted(72, "day"), posted(80, "minute"), True),
        (posted(72, "day"), posted(30, "minute"), False),
        (posted(24 * 90, "month"), posted(24 * 100, "day"), True),
        (Posted(), posted(5, "minute"), True),  # nobody can tell: not a comment more
        (Posted(), Posted(), True),
    ],
)
def test_a_comment_is_the_one_seen_before_when_both_may_mean_one_moment(
    known: Posted, seen: Posted, same: bool
) -> None:
    assert match([known], [seen]) == [0 if same else None]
    assert match([seen], [known]) == [0 if same else None]


def test_two_rows_of_one_collection_are_two_comments() -> None:
    assert match([], [posted(3, "hour"), posted(3, "hour")]) == [None, None]
    assert match([posted(3, "hour")], [posted(3, "hour"), posted(3, "hour")]).count(None) == 1


def test_a_new_one_beside_an_old_one_is_told_apart() -> None:
    assert match([posted(26, "minute")], [posted(1, "minute"), posted(26, "minute")]) == [None, 0]


@given(st.lists(st.tuples(st.integers(0, 24 * 400), st.sampled_from(sorted(WIDTHS))), max_size=12))
def test_the_same_moments_are_the_same_comments(some: list[tuple[int, str]]) -> None:
    moments = [posted(hours, precision) for hours, precision in some]
    places = match(moments, moments)
    assert sorted(place for place in places if place is not None) == list(range(len(moments)))


@given(
    st.lists(st.integers(0, 500), max_size=8),
    st.lists(st.integers(0, 500), max_size=8),
)
def test_none_is_matched_twice(known: list[int], seen: list[int]) -> None:
    places = [
        one
        for one in match([posted(at, "hour") for at in known], [posted(at, "hour") for at in seen])
        if one is not None
    ]
    assert len(places) == len(set(places))
