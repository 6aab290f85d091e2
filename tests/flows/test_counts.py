"""Counts as the app writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.counts import Count, count_or_zero, margin, read_count


@pytest.mark.parametrize(
    ("text", "value", "exact"),
    [
        ("0", 0, True),
        ("999", 999, True),
        ("1,024", 1024, True),
        ("评论 35", 35, True),
        ("评论 1.2万", 12_000, False),
        ("1.15万", 11_500, False),
        ("10万+", 100_000, False),
        ("999+", 999, False),
        ("1.1亿", 110_000_000, False),
        ("3.4w", 34_000, False),
        ("展开3条回复", 3, True),
    ],
)
def test_reads_what_the_app_shows(text: str, value: int, exact: bool) -> None:
    assert read_count(text) == Count(value, exact)


@pytest.mark.parametrize("text", ["", "评论", "赞", "万"])
def test_no_number_is_no_count(text: str) -> None:
    assert read_count(text) is None
    assert count_or_zero(text) == 0


@given(st.integers(0, 99_999_999))
def test_plain_numbers_are_themselves(number: int) -> None:
    assert read_count(f"评论 {number}") == Count(number, exact=True)


@given(st.integers(1, 999), st.integers(0, 9))
def test_rounded_numbers_lose_nothing_in_floating_point(whole: int, tenth: int) -> None:
    assert count_or_zero(f"{whole}.{tenth}万") == whole * 10_000 + tenth * 1_000


@given(st.integers(0, 100_000))
def test_the_margin_is_the_least_count_not_below_eleven_tenths(asked: int) -> None:
    assert 10 * margin(asked) >= 11 * asked
    assert asked == 0 or 10 * (margin(asked) - 1) < 11 * asked
