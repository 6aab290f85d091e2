"""When a watch looks: no due time missed and none doubled, whatever the clock does."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.values.refused import Refused
from workers.policy.schedule import Due, Schedule, check_schedule, due_now

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
START = datetime(2026, 5, 1, 4, 3, tzinfo=UTC)


def every(minutes: int, key: str = "w") -> Schedule:
    return Schedule(minutes, None, SHANGHAI, key)


def cron(line: str, zone: ZoneInfo = SHANGHAI, key: str = "w") -> Schedule:
    return Schedule(None, line, zone, key)


def dues(schedule: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    """All due times after `begin`, up to `end`."""
    found = []
    at = schedule.next(begin)
    while at <= end:
        found.append(at)
        at = schedule.next(at)
    return found


@pytest.mark.parametrize("minutes", [1, 7, 10, 60, 1440])
def test_minutes_count_from_one_beginning_for_all(minutes: int) -> None:
    found = dues(every(minutes), START, START + timedelta(days=3))
    assert all(later - one == timedelta(minutes=minutes) for one, later in itertools.pairwise(found))
    assert found[0] - START <= timedelta(minutes=minutes)


def test_jitter_is_each_watchs_own_and_always_the_same() -> None:
    jitters = {every(30, f"w{number}").jitter for number in range(200)}
    assert len(jitters) > 150
    assert all(timedelta() <= one < timedelta(minutes=30) for one in jitters)
    assert every(30, "w1").jitter == every(30, "w1").jitter
    assert all(cron("0 8 * * *", key=str(number)).jitter < timedelta(minutes=1) for number in range(50))


@pytest.mark.parametrize("schedule", [every(10), cron("*/10 * * * *"), cron("5 4 * * *"), cron("0 8 * * MON-FRI")])
def test_what_was_last_agrees_with_what_comes_next(schedule: Schedule) -> None:
    found = dues(schedule, START, START + timedelta(days=10))
    for before, after in itertools.pairwise(found):
        assert schedule.last(after) == after
        assert schedule.last(after - timedelta(seconds=1)) == before


def test_a_late_look_stands_for_all_that_were_missed() -> None:
    schedule = every(10)
    done = schedule.next(START)
    late = done + timedelta(hours=3) + schedule.jitter
    assert schedule.due(late, done) == Due(done + timedelta(hours=3), missed=17)
    assert schedule.due(late, done + timedelta(hours=3)) is None


def test_a_cron_line_counts_what_it_missed_within_a_bound() -> None:
    schedule = cron("* * * * *")
    done = schedule.next(START)
    assert schedule.due(done + timedelta(minutes=31), done) == Due(done + timedelta(minutes=30), missed=29)
    found = schedule.due(done + timedelta(days=30), done)
    assert found is not None
    assert found.missed == 100


@pytest.mark.parametrize(
    ("line", "begin", "looks"),
    [  # in Berlin 02:00 is 03:00 on 29 March 2026, and 03:00 is 02:00 again on 25 October
        ("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), 1),
        ("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), 1),
        ("*/20 * * * *", datetime(2026, 3, 28, 22, 59, tzinfo=UTC), 72),
        ("*/20 * * * *", datetime(2026, 10, 24, 22, 59, tzinfo=UTC), 72),
        ("0 8-10 * * *", datetime(2026, 3, 28, 23, tzinfo=UTC), 3),
    ],
)
def test_the_change_of_summer_time_skips_and_doubles_none(line: str, begin: datetime, looks: int) -> None:
    schedule = cron(line, BERLIN)
    found = dues(schedule, begin, begin + timedelta(hours=24) - timedelta(seconds=1))
    assert len(found) == len(set(found)) == looks
    # asked every minute, as the coordinator does, it is the same
    asked: list[datetime] = []
    last: datetime | None = begin
    for minute in range(24 * 60):
        due = due_now(schedule, begin + timedelta(minutes=minute) + schedule.jitter, last, begin)
        if due is not None:
            asked.append(due.at)
            last = due.at
    assert asked == found


def test_the_first_look_is_due_at_once() -> None:
    assert due_now(every(60), START, None, START) == Due(START, 0)


@pytest.mark.parametrize("late", [timedelta(), timedelta(minutes=5), timedelta(minutes=25), timedelta(hours=3)])
def test_a_late_first_look_leaves_no_due_time_for_a_second_coordinator(late: timedelta) -> None:
    """Whatever the jitter: another look at the same moment would be skipped, because the first one runs."""
    for number in range(300):
        schedule = every(10, f"w{number}")
        first = due_now(schedule, START + late, None, START)
        assert first is not None
        assert due_now(schedule, START + late, first.at, START) is None
        dues_until = dues(schedule, START, first.at)
        assert (first.at, first.missed) == ((dues_until[-1], len(dues_until)) if dues_until else (START, 0))


def test_a_clock_that_was_put_back_is_asked_for_what_has_come_by_now() -> None:
    schedule = every(10)
    future = schedule.next(START + timedelta(days=365))
    due = due_now(schedule, START, future, START - timedelta(days=1))
    assert due is not None
    assert due.at == schedule.last(START - schedule.jitter)


@pytest.mark.parametrize(
    ("minutes", "line", "field"),
    [
        (None, None, "every"),
        (5, "* * * * *", "every"),
        (0, None, "every"),
        (10_081, None, "every"),
        (None, "61 * * * *", "cron"),
        (None, "每天八点", "cron"),
        (None, "", "cron"),
        (None, "0 0 31 2 *", "cron"),
        (None, "* * * * * *", "cron"),
        (None, "* * * * * " * 50, "cron"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(minutes: int | None, line: str | None, field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_schedule(minutes, line)
    assert refused.value.problems[0].field == field


@pytest.mark.parametrize("line", ["0 8 * * *", "*/5 8-20 * * MON-FRI", "0 0 L * *", "0 9 29 2 *"])
def test_cron_lines_of_people_are_taken(line: str) -> None:
    check_schedule(None, line)
