"""Times as the app writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.times import ZONE, read_time


def at(year: int, month: int, day: int, *clock: int) -> datetime:
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


NOW = at(2025, 3, 1, 9, 30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("刚刚", at(2025, 3, 1, 9, 30)),
        ("30秒前", at(2025, 3, 1, 9, 29, 30)),
        ("5分钟前", at(2025, 3, 1, 9, 25)),
        ("3小时前", at(2025, 3, 1, 6, 30)),
        ("3天前", at(2025, 2, 26, 9, 30)),
        ("昨天 12:30", at(2025, 2, 28, 12, 30)),
        ("昨天", at(2025, 2, 28)),
        ("前天 08:05", at(2025, 2, 27, 8, 5)),
        ("今天 01:02", at(2025, 3, 1, 1, 2)),
        ("08:15", at(2025, 3, 1, 8, 15)),
        ("02-18", at(2025, 2, 18)),
        ("06-18", at(2024, 6, 18)),
        ("02-29", at(2024, 2, 29)),
        ("2024-12-01", at(2024, 12, 1)),
        ("2023年5月6日", at(2023, 5, 6)),
        ("12-31 23:59", at(2024, 12, 31, 23, 59)),
    ],
)
def test_reads_what_the_app_shows(text: str, expected: datetime) -> None:
    assert read_time(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "未知", "02-30", "昨天 25:70", "13-45", "999999年前", "置顶"])
def test_what_cannot_be_read_is_none(text: str) -> None:
    assert read_time(text, NOW) is None


def test_the_day_is_that_of_the_zone_not_of_the_host() -> None:
    late_in_london = datetime(2025, 2, 28, 20, 0, tzinfo=UTC)  # already the first of March in Shanghai
    assert read_time("昨天 12:30", late_in_london) == datetime(2025, 2, 28, 12, 30, tzinfo=ZONE)


@given(st.text())
def test_nothing_makes_it_fail(text: str) -> None:
    moment = read_time(text, NOW)
    assert moment is None or moment.tzinfo is not None
