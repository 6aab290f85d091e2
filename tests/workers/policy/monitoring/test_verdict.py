"""When people are told: thresholds, what is unusual for the hour, least interval, quiet hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from workers.policy.monitoring.verdict import Facts, Rule, Verdict, deviation_of, judge, quiet_until, same_hours

NOW = datetime(2026, 5, 1, 4, 30, tzinfo=UTC)  # 12:30 in Shanghai
RULE = Rule(
    threshold=3,
    window=timedelta(hours=1),
    deviation=None,
    least=5,
    min_interval=timedelta(hours=2),
    quiet_from=None,
    quiet_to=None,
    zone=ZoneInfo("Asia/Shanghai"),
)


def ago(*minutes: int) -> list[datetime]:
    return [NOW - timedelta(minutes=one) for one in minutes]


def facts(pending: Sequence[datetime], **more: Any) -> Facts:
    return replace(Facts(pending, 0, (), None), **more)


@pytest.mark.parametrize(
    ("pending", "tells"),
    [((1, 2, 3), True), ((1, 2), False), ((1, 2, 61), False), ((1, 59, 30, 200), True), ((), False)],
)
def test_a_threshold_counts_what_its_window_holds(pending: tuple[int, ...], tells: bool) -> None:
    verdict = judge(RULE, facts(ago(*pending)), NOW)
    assert verdict.tell is tells
    assert bool(verdict.why) is tells


def test_an_alert_waits_for_the_least_interval_and_is_not_lost() -> None:
    told = NOW - timedelta(minutes=30)
    held = judge(RULE, facts(ago(1, 2, 3), alerted_at=told), NOW)
    assert (held.tell, held.again) == (False, told + RULE.min_interval)
    later = told + RULE.min_interval
    assert judge(RULE, facts(ago(1, 2, 3), alerted_at=told, held=held.why), later) == Verdict(tell=True, why=held.why)


def test_a_clock_that_was_put_back_does_not_silence_a_watch() -> None:
    assert judge(RULE, facts(ago(1, 2, 3), alerted_at=NOW + timedelta(days=300)), NOW).tell


@pytest.mark.parametrize(
    ("quiet", "clock", "until"),
    [
        (("22:00", "08:00"), "23:30", "08:00"),
        (("22:00", "08:00"), "03:00", "08:00"),
        (("22:00", "08:00"), "08:00", None),
        (("22:00", "08:00"), "12:00", None),
        (("12:00", "14:00"), "12:30", "14:00"),
        (("12:00", "14:00"), "14:30", None),
    ],
)
def test_quiet_hours_are_the_operators(quiet: tuple[str, str], clock: str, until: str | None) -> None:
    rule = replace(RULE, quiet_from=quiet[0], quiet_to=quiet[1])
    now = datetime.fromisoformat(f"2026-05-01T{clock}:00+08:00").astimezone(UTC)
    end = quiet_until(rule, now)
    assert (None if end is None else end.astimezone(RULE.zone).strftime("%H:%M")) == until
    assert end is None or timedelta() < end - now < timedelta(days=1)
    verdict = judge(rule, facts([now] * 3), now)
    assert (verdict.tell, verdict.again) == (until is None, end)


def test_what_was_held_for_quiet_hours_is_told_after_them_though_its_window_is_over() -> None:
    rule = replace(RULE, quiet_from="22:00", quiet_to="08:00")
    night = datetime(2026, 5, 1, 15, 30, tzinfo=UTC)  # 23:30
    held = judge(rule, facts([night] * 3), night)
    assert held.again is not None
    assert judge(rule, facts([night] * 3, held=held.why), held.again).tell


@pytest.mark.parametrize(
    ("count", "past", "unusual"),
    [
        (30, (2, 3, 2, 4), True),
        (5, (2, 3, 2, 4), False),
        (30, (2, 3, 2), False),  # too few weeks
        (6, (0, 0, 0, 0), True),  # where nothing is usual, a handful is unusual
        (6, (0, 0, 0, 200), True),  # one week that stood out hides none
        (210, (200, 205, 195, 210), False),
        (300, (200, 205, 195, 210), True),
        (4, (0, 0, 0, 0), False),  # below the least number
    ],
)
def test_a_deviation_is_from_the_same_hour_of_past_weeks(count: int, past: tuple[int, ...], unusual: bool) -> None:
    rule = replace(RULE, threshold=100_000, deviation=6.0)
    assert judge(rule, facts(ago(1), this_hour=count, past=past), NOW).tell is unusual


def test_a_deviation_names_what_is_usual() -> None:
    found = deviation_of(30, (2, 3, 2, 4))
    assert found is not None
    assert (found.usual, round(found.spread, 2)) == (2.5, 1.0)


def test_the_same_hour_is_that_of_the_operators_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hour = datetime(2026, 4, 1, 6, tzinfo=UTC)  # 08:00 in summer time
    past = same_hours(hour, berlin)
    assert len(past) == 8
    assert {one.astimezone(berlin).hour for one in past} == {8}
    assert past[0] == datetime(2026, 3, 25, 7, tzinfo=UTC)
