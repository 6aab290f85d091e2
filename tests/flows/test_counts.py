"""Counts as the app writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.counts import MOST, Count, count_or_zero, margin, read_count


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
        ("1.2萬", 12_000, False),
        ("1.2M", 1_200_000, False),
        ("1百万", 1_000_000, False),
        ("1，234", 1234, True),
        ("1.2万+", 12_000, False),
        ("1.2 万＋", 12_000, False),
        ("1.2W", 12_000, False),
        ("3k", 3_000, False),
        ("3K+", 3_000, False),
        ("1.2B", 1_200_000_000, False),
        ("1亿", 100_000_000, False),
        ("2億", 200_000_000, False),
        ("3千万", 30_000_000, False),
        ("1.5万亿", 1_500_000_000_000, False),
        ("10+", 10, False),
        ("１２３", 123, True),
        ("２．３万", 23_000, False),
        ("1.234万", 12_340, False),
        ("1\u00a0234", 1234, True),
        ("约3千", 3_000, False),
        ("1万多", 10_000, False),
        ("评论：35", 35, True),
        ("评论(35)", 35, True),
        ("1.2万条评论", 12_000, False),
        ("35 comments", 35, True),
    ],
)
def test_reads_what_the_app_shows(text: str, value: int, exact: bool) -> None:
    assert read_count(text) == Count(value, exact)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "评论",
        "赞",
        "万",
        "--",
        "加载中...",
        "12,3万",
        "1,23",
        "1,2345",
        "1.2",
        "1.2.3",
        "12:30",
        "35/100",
        "50%",
        "-5",
        "+5",
        "1 234",
        "2025-12-31",
        "v2",
        "1.2Mio",
        "1万5千",
        "12万3",
        "9" * 50,
        "1" * 5000,
        "9999万亿亿",
        "a" * 90 + "1",
    ],
)
def test_no_number_is_no_count(text: str) -> None:
    assert read_count(text) is None
    assert count_or_zero(text) == 0


@given(st.integers(0, 99_999_999))
def test_plain_numbers_are_themselves(number: int) -> None:
    assert read_count(f"评论 {number}") == Count(number, exact=True)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("35", 35, 35), ("1.2万", 11_500, 12_999), ("3k", 2_500, 3_999), ("10万+", 100_000, MOST), ("10+", 10, MOST)],
)
def test_what_is_not_exact_has_bounds(text: str, least: int, most: int) -> None:
    count = read_count(text)
    assert count is not None
    assert (count.least, count.most) == (least, most)


@given(st.text(max_size=200))
def test_nothing_makes_it_fail(text: str) -> None:
    count = read_count(text)
    assert count is None or 0 <= count.value <= MOST


@given(st.integers(1, 999), st.integers(0, 9))
def test_rounded_numbers_lose_nothing_in_floating_point(whole: int, tenth: int) -> None:
    assert count_or_zero(f"{whole}.{tenth}万") == whole * 10_000 + tenth * 1_000


@given(st.integers(0, 100_000))
def test_the_margin_is_the_least_count_not_below_eleven_tenths(asked: int) -> None:
    assert 10 * margin(asked) >= 11 * asked
    assert asked == 0 or 10 * (margin(asked) - 1) < 11 * asked


@pytest.mark.parametrize("text", ["1·2万", "1'234", "1’234", "1\u066c234"])
def test_a_number_with_an_unknown_sign_inside_is_no_count(text: str) -> None:
    assert read_count(text) is None


@pytest.mark.parametrize(("text", "value"), [("10余万", 100_000), ("10多万", 100_000), ("12·回复", 12)])
def test_more_than_a_number_may_stand_before_its_unit(text: str, value: int) -> None:
    found = read_count(text)
    assert found is not None
    assert (found.value, found.exact) == (value, text.startswith("12"))
