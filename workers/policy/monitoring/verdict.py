"""Decides when people are told of what a watch found. Pure: numbers and moments in, a verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

WEEKS = 8  # whose same hour is compared
FEWEST_WEEKS = 4  # below which nobody knows what is usual
NORMAL = 1.4826  # turns the median absolute deviation of a normal distribution into its standard deviation
LEAST_SPREAD = 1.0  # of counts: weeks with the same number each would make one comment more a deviation


@dataclass(frozen=True, slots=True)
class Rule:
    """When people are told: the columns of a watch. `zone` is the operator's."""

    threshold: int
    window: timedelta
    deviation: float | None
    least: int
    min_interval: timedelta
    quiet_from: str | None
    quiet_to: str | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at one moment.

    `pending`: when each item was first seen that counts and that nobody was told of. `this_hour`: items that count in
    this hour so far; `past`: those of the same hour of past weeks, as far as the watch looked then. `held`: why people
    were to be told at an earlier moment, when they could not be.
    """

    pending: Sequence[datetime]
    this_hour: int
    past: Sequence[int]
    alerted_at: datetime | None
    held: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether people are told now, and why; else when to judge again, None for: at the next look."""

    tell: bool
    why: str = ""
    again: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a count lies above what is usual, in spreads; None when it is not known what is usual."""

    usual: float
    spread: float
    score: float


def deviation_of(count: int, past: Sequence[int]) -> Deviation | None:
    """Compares a count with the same hour of past weeks, by median and median absolute deviation.

    Both bear a week that stood out itself, as a mean would not. Returns None below 4 weeks.
    """
    if len(past) < FEWEST_WEEKS:
        return None
    usual = median(past)
    spread = max(LEAST_SPREAD, NORMAL * median(abs(one - usual) for one in past))
    return Deviation(usual, spread, (count - usual) / spread)


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Decides whether people are told now of the items that count and that nobody was told of.

    A reason that the quiet hours or the least interval hold back stays one: its verdict says when to judge again.
    """
    why = facts.held or _reason(rule, facts, now)
    if not why or not facts.pending:
        return Verdict(tell=False)
    wait = _waits_until(rule, facts, now)
    return Verdict(tell=True, why=why) if wait is None else Verdict(tell=False, why=why, again=wait)


def _reason(rule: Rule, facts: Facts, now: datetime) -> str:
    count = sum(at > now - rule.window for at in facts.pending)
    if count >= rule.threshold:
        minutes = int(rule.window.total_seconds() // 60)
        within = "1 minute" if minutes == 1 else f"{minutes} minutes"
        return f"{count} within {within}, and {rule.threshold} {'is' if rule.threshold == 1 else 'are'} the threshold"
    if rule.deviation is None or facts.this_hour < rule.least:
        return ""
    found = deviation_of(facts.this_hour, facts.past)
    if found is None or found.score < rule.deviation:
        return ""
    return f"{facts.this_hour} in this hour, and {found.usual:g} are usual ({found.score:.1f} deviations)"


def _waits_until(rule: Rule, facts: Facts, now: datetime) -> datetime | None:
    ends = [moment for moment in (_free_again(rule, facts, now), quiet_until(rule, now)) if moment is not None]
    return max(ends, default=None)


def _free_again(rule: Rule, facts: Facts, now: datetime) -> datetime | None:
    if facts.alerted_at is None or facts.alerted_at > now:  # the clock went back: nobody knows how long ago it was
        return None
    end = facts.alerted_at + rule.min_interval
    return end if end > now else None


def quiet_until(rule: Rule, now: datetime) -> datetime | None:
    """Returns the end of the quiet hours in which a moment lies; None outside them. They may go over midnight."""
    if not _is_quiet(rule, now):
        return None
    local = now.astimezone(rule.zone)
    end = _at(local, str(rule.quiet_to))
    return (end if end > local else _at(local + timedelta(days=1), str(rule.quiet_to))).astimezone(now.tzinfo)


def _is_quiet(rule: Rule, now: datetime) -> bool:
    if rule.quiet_from is None or rule.quiet_to is None:
        return False
    clock = now.astimezone(rule.zone).strftime("%H:%M")
    if rule.quiet_from <= rule.quiet_to:
        return rule.quiet_from <= clock < rule.quiet_to
    return clock >= rule.quiet_from or clock < rule.quiet_to


def _at(day: datetime, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)


def same_hours(hour: datetime, zone: ZoneInfo) -> list[datetime]:
    """Returns the same hour by the operator's clock of the 8 weeks before, latest first."""
    local = hour.astimezone(zone)
    return [(local - timedelta(weeks=week)).astimezone(hour.tzinfo) for week in range(1, WEEKS + 1)]
