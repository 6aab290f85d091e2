"""Times as the app writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.times import LONGEST, SKEW, ZONE, Precision, Shown, read_shown


def read_time(text: str, now: datetime) -> datetime | None:
    """The moment a shown time means, or None when it cannot be read."""
    return read_shown(text, now).at


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


@pytest.mark.parametrize(
    ("text", "expected", "precision", "place"),
    [
        ("3小时前 · 广东", at(2025, 3, 1, 6, 30), "hour", "广东"),
        ("昨天 12:30 北京", at(2025, 2, 28, 12, 30), "minute", "北京"),
        ("下午3:20", at(2025, 2, 28, 15, 20), "minute", ""),
        ("2024年12月31日12:30", at(2024, 12, 31, 12, 30), "minute", ""),
        ("12月31日12:30", at(2024, 12, 31, 12, 30), "minute", ""),
        ("12月31日 下午3:20 四川", at(2024, 12, 31, 15, 20), "minute", "四川"),
        ("昨天下午3:20", at(2025, 2, 28, 15, 20), "minute", ""),
        ("3小时前 IP属地：广东", at(2025, 3, 1, 6, 30), "hour", "广东"),
        ("3小时前IP属地广东", at(2025, 3, 1, 6, 30), "hour", "广东"),
        ("来自浙江 · 5分钟前", at(2025, 3, 1, 9, 25), "minute", "浙江"),
        ("2小时前·美国 New York", at(2025, 3, 1, 7, 30), "hour", "美国 New York"),
        ("昨天 12:30 · 作者", at(2025, 2, 28, 12, 30), "minute", ""),
        ("星期三 12:30", at(2025, 2, 26, 12, 30), "minute", ""),
        ("周六", at(2025, 2, 22), "day", ""),
        ("上周三", at(2025, 2, 19), "day", ""),
        ("上午12:30", at(2025, 3, 1, 0, 30), "minute", ""),
        ("中午12:10", at(2025, 2, 28, 12, 10), "minute", ""),
        ("晚上7:05", at(2025, 2, 28, 19, 5), "minute", ""),
        ("凌晨3:20", at(2025, 3, 1, 3, 20), "minute", ""),
        ("3:20 PM", at(2025, 2, 28, 15, 20), "minute", ""),
        ("12/31", at(2024, 12, 31), "day", ""),
        ("2024.12.31 08:05", at(2024, 12, 31, 8, 5), "minute", ""),
        ("去年12月31日", at(2024, 12, 31), "day", ""),
        ("2024年12月", at(2024, 12, 1), "month", ""),
        ("2023年", at(2023, 1, 1), "year", ""),
        ("两天前", at(2025, 2, 27, 9, 30), "day", ""),
        ("半小时前", at(2025, 3, 1, 9, 0), "minute", ""),
        ("3个月前", at(2024, 12, 1, 9, 30), "month", ""),
        ("３小時前", at(2025, 3, 1, 6, 30), "hour", ""),
        ("3 hours ago", at(2025, 3, 1, 6, 30), "hour", ""),
    ],
)
def test_a_moment_its_precision_and_the_place_are_told_apart(
    text: str, expected: datetime, precision: str, place: str
) -> None:
    assert read_shown(text, NOW) == Shown(expected, Precision(precision), place)


FRIDAY = at(2026, 1, 2, 14, 5)


@pytest.mark.parametrize(
    ("text", "expected", "place"),
    [
        ("昨夜 11:20", at(2026, 1, 1, 23, 20), ""),
        ("昨晚 11:20", at(2026, 1, 1, 23, 20), ""),
        ("今早 8:30", at(2026, 1, 2, 8, 30), ""),
        ("前晚8:30", at(2025, 12, 31, 20, 30), ""),
        ("深夜 11:30", at(2026, 1, 1, 23, 30), ""),
        ("夜里 10:30", at(2026, 1, 1, 22, 30), ""),
        ("午夜 12:30", at(2026, 1, 2, 0, 30), ""),
        ("yesterday at 12:30", at(2026, 1, 1, 12, 30), ""),
        ("Monday 12:30", at(2025, 12, 29, 12, 30), ""),
        ("Wed, 12:30", at(2025, 12, 31, 12, 30), ""),
        ("2天前 12:30", at(2025, 12, 31, 12, 30), ""),
        ("2025年12月31日 周三", at(2025, 12, 31), ""),
        ("昨天12:30 · 广东 回复", at(2026, 1, 1, 12, 30), "广东"),
        ("3天前 已编辑 上海", at(2025, 12, 30, 14, 5), "上海"),
        ("3天前 广东 作者赞过", at(2025, 12, 30, 14, 5), "广东"),
        ("更新于 3天前", at(2025, 12, 30, 14, 5), ""),
        ("3天前 · 作者 · 上海", at(2025, 12, 30, 14, 5), "上海"),
        ("置顶 · 3天前 · 广东", at(2025, 12, 30, 14, 5), "广东"),
        ("3天前 · 12赞", at(2025, 12, 30, 14, 5), ""),
        ("12-31 广东 1.2万赞 回复", at(2025, 12, 31), "广东"),
        ("昨天12:30北京", at(2026, 1, 1, 12, 30), "北京"),
        ("刚刚广东", FRIDAY, "广东"),
        ("3小时前（广东）", at(2026, 1, 2, 11, 5), "广东"),
        ("3天前 IP属地：某地", at(2025, 12, 30, 14, 5), "某地"),
        ("3天前 IP属地未知", at(2025, 12, 30, 14, 5), ""),
        ("3天前\u200b", at(2025, 12, 30, 14, 5), ""),
        ("08:15 江苏", at(2026, 1, 2, 8, 15), "江苏"),
    ],
)
def test_marks_and_places_beside_a_time_are_no_part_of_it(text: str, expected: datetime, place: str) -> None:
    found = read_shown(text, FRIDAY)
    assert (found.at, found.place) == (expected, place)


@pytest.mark.parametrize(
    "text",
    [
        "前夜 11:20",
        "除夕 12:30",
        "元旦 12:30",
        "中秋节 12:30",
        "12:30 周三",
        "12:30 3天前",
        "昨天深夜 1:20",
        "08:15 某地",
        "广东 3天前 北京",
    ],
)
def test_a_clock_beside_an_unknown_word_is_no_moment(text: str) -> None:
    assert read_shown(text, FRIDAY).at is None


def test_a_place_alone_is_no_moment() -> None:
    assert read_shown("IP属地：广东", NOW) == Shown(None, None, "广东")


@pytest.mark.parametrize(
    "text", ["明天 12:30", "5分钟后", "2025-03-02", "晚上1:05", "12.31", "1.2万", "加载中...", "北京"]
)
def test_what_means_no_past_moment_has_none(text: str) -> None:
    assert read_shown(text, NOW) == Shown(None, None, "")


@pytest.mark.parametrize(
    ("text", "read_at", "expected"),
    [
        ("23:58", at(2026, 1, 2, 0, 1), at(2026, 1, 1, 23, 58)),
        ("今天 23:59", at(2026, 1, 2, 0, 5), at(2026, 1, 1, 23, 59)),
        ("昨天 12:30", at(2026, 1, 1, 23, 50), at(2025, 12, 31, 12, 30)),
        ("01-02", at(2026, 1, 1, 23, 50), at(2025, 1, 2)),
        ("下午11:59", at(2026, 1, 2, 0, 5), at(2026, 1, 1, 23, 59)),
        ("12:31", at(2026, 1, 2, 12, 30, 30), at(2026, 1, 2, 12, 30, 30)),  # its clock is a little ahead
    ],
)
def test_no_moment_lies_after_the_look(text: str, read_at: datetime, expected: datetime) -> None:
    assert read_shown(text, read_at).at == expected


@given(
    st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: at(2024, 1, 1) + timedelta(minutes=minutes)),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(["{h}:{m:02}", "今天 {h}:{m:02}", "昨天 {h}:{m:02}", "周{w} {h}:{m:02}", "12-31 {h}:{m:02}"]),
)
def test_whatever_is_shown_lies_in_the_past(read_at: datetime, hour: int, minute: int, form: str) -> None:
    moment = read_shown(form.format(h=hour, m=minute, w="一二三四五六日"[minute % 7]), read_at).at
    assert moment is not None
    assert moment <= read_at
    assert read_at - moment < timedelta(days=367) + SKEW


def test_a_text_too_long_for_a_time_is_none() -> None:
    assert read_shown("3小时前" + " 广东" * LONGEST, NOW) == Shown(None, None, "")


@given(st.text())
def test_nothing_makes_it_fail(text: str) -> None:
    moment = read_time(text, NOW)
    assert moment is None or moment.tzinfo is not None
