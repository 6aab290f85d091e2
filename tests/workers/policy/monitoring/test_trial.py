"""A watch is tried on what was collected: how often people would have been told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from workers.policy.monitoring.trial import Item, try_rule
from workers.policy.monitoring.verdict import Rule
from workers.policy.schedule import Schedule

END = datetime(2026, 5, 8, tzinfo=UTC)
BEGIN = END - timedelta(days=7)
ZONE = ZoneInfo("Asia/Shanghai")
RULE = Rule(3, timedelta(hours=1), None, 5, timedelta(hours=1), None, None, ZONE)
SCHEDULE = Schedule(10, None, ZONE, "w")


def burst(hours: float, count: int, text: str = "退车") -> list[Item]:
    """So many texts within a few minutes, so many hours after the beginning."""
    at = BEGIN + timedelta(hours=hours)
    return [Item(at + timedelta(seconds=20 * number), text) for number in range(count)]


def test_each_burst_above_the_threshold_is_told_of_once() -> None:
    items = [*burst(5, 4), *burst(30, 2), *burst(50, 10), *burst(80, 9, "不错")]
    found = try_rule(items, lambda text: "退车" in text, RULE, SCHEDULE, BEGIN, END)
    assert found.looks == 7 * 24 * 6
    assert (found.items, found.matched) == (25, 16)
    assert [count for _, _, count in found.alerts] == [4, 12]
    assert all(BEGIN <= at <= END for at, _, _ in found.alerts)


def test_what_lies_before_the_period_says_only_what_is_usual() -> None:
    rule = Rule(100_000, timedelta(hours=1), 6.0, 5, timedelta(hours=1), None, None, ZONE)
    usual = [item for week in range(1, 9) for item in burst(5 - week * 168, 20)]
    assert not try_rule([*usual, *burst(5, 22)], lambda _: True, rule, SCHEDULE, BEGIN, END).alerts
    assert try_rule([*usual, *burst(5, 120)], lambda _: True, rule, SCHEDULE, BEGIN, END).alerts


def test_nothing_collected_tells_of_nothing() -> None:
    found = try_rule([], lambda _: True, RULE, SCHEDULE, BEGIN, END)
    assert (found.items, found.matched, list(found.alerts)) == (0, 0, [])
