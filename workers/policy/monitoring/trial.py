"""Tries a watch on what was collected already: how often people would have been told. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.policy.monitoring.verdict import Facts, Rule, judge, same_hours
from workers.policy.schedule import Schedule

MOST_LOOKS = 12_000  # of a trial: a week of one look a minute


@dataclass(frozen=True, slots=True)
class Item:
    """A text that was collected, and when it came up."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a watch would have done: looks, items, those that count, and each alert with the items that it tells of."""

    looks: int
    items: int
    matched: int
    alerts: Sequence[tuple[datetime, str, int]]


def try_rule(
    items: Iterable[Item], counts: Callable[[str], bool], rule: Rule, schedule: Schedule, begin: datetime, end: datetime
) -> Trial:
    """Plays the looks of a period in order. What lies before it counts only for what is usual at each hour."""
    every = sorted((one for one in items if one.at <= end), key=lambda one: one.at)
    hours: Counter[datetime] = Counter()
    looked: set[datetime] = {_hour(one.at) for one in every}
    matched = [one for one in every if counts(one.text)]
    hours.update(_hour(one.at) for one in matched if one.at <= begin)
    coming = [one.at for one in matched if one.at > begin]
    pending: list[datetime] = []
    alerts: list[tuple[datetime, str, int]] = []
    held, alerted_at, at, looks, place = "", None, schedule.next(begin), 0, 0
    while at <= end and looks < MOST_LOOKS:
        looks += 1
        while place < len(coming) and coming[place] <= at:
            pending.append(at)
            hours[_hour(at)] += 1
            place += 1
        past = [hours[one] for one in same_hours(_hour(at), rule.zone) if one in looked or one in hours]
        verdict = judge(rule, Facts(pending, hours[_hour(at)], past, alerted_at, held), at)
        held = verdict.why if verdict.again is not None else ""
        if verdict.tell:
            alerts.append((at, verdict.why, len(pending)))
            pending, alerted_at = [], at
        at = schedule.next(at)
    return Trial(looks, sum(one.at > begin for one in every), len(coming), alerts)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
