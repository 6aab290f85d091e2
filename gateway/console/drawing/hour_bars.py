"""Bars of a shift: for each hour, or each six of a longer time, what succeeded, and above it what failed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1000, 190, 44, 24, 10
PART = 0.72  # of an hour's width that its bar takes
MOST_LABELS = 12
LABEL = 60  # the width of a day's label
MOST_HOURS, TOGETHER = 48, 6  # a longer time has a bar for each six hours of the operator's day


@dataclass(frozen=True, slots=True)
class HourBar:
    """One bar: x and width, and y and height of both parts."""

    start: datetime
    x: float
    width: float
    succeeded: tuple[float, float]
    failed: tuple[float, float]
    counts: tuple[int, int]
    labelled: bool


@dataclass(frozen=True, slots=True)
class HourBars:
    """The bars, the hours of each, and the lines of the scale: y and value. The bars begin at `left`, beside it."""

    left: int
    width: int
    height: int
    hours: int
    bars: Sequence[HourBar]
    scale: Sequence[tuple[float, int]]


def hour_bars(hours: Sequence[tuple[datetime, int, int]], zone: ZoneInfo) -> HourBars:
    """Draws (beginning, succeeded, failed) of each hour."""
    if len(hours) > MOST_HOURS:
        joined = in_sixes(hours, zone)
        days = [start.astimezone(zone).date() for start, *_ in joined]
        first = [place for place, day in enumerate(days) if day not in days[:place]]
        step = (WIDTH - LEFT) / len(joined)  # what is left of the first day may be too narrow for its label
        labelled = [one for one, after in pairwise([*first, len(joined)]) if one or (after - one) * step >= LABEL]
        return _drawn(joined, labelled, TOGETHER)
    every = -(-len(hours) // MOST_LABELS) or 1
    return _drawn(hours, range(0, len(hours), every), 1)


def in_sixes(hours: Sequence[tuple[datetime, int, int]], zone: ZoneInfo) -> list[tuple[datetime, int, int]]:
    """Returns the sums of each six hours of a day in this zone; those at both ends may be of fewer hours."""
    found: dict[tuple[object, int], tuple[datetime, int, int]] = {}
    for start, good, bad in hours:
        local = start.astimezone(zone)
        key = (local.date(), local.hour // TOGETHER)
        first, before_good, before_bad = found.get(key, (start, 0, 0))
        found[key] = (first, before_good + good, before_bad + bad)
    return list(found.values())


def _drawn(hours: Sequence[tuple[datetime, int, int]], labelled: Collection[int], each: int) -> HourBars:
    top = round_up(max((good + bad for _, good, bad in hours), default=0))
    room = HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT) / max(1, len(hours))
    bars = []
    for place, (start, good, bad) in enumerate(hours):
        high, low = room * good / top, room * bad / top
        base = TOP + room - high
        bars.append(
            HourBar(
                start,
                round(LEFT + place * step + step * (1 - PART) / 2, 1),
                round(step * PART, 1),
                (round(base, 1), round(high, 1)),
                (round(base - low, 1), round(low, 1)),
                (good, bad),
                place in labelled,
            )
        )
    scale = [(round(TOP + room * (1 - part), 1), round(top * part)) for part in (0, 0.5, 1)]
    return HourBars(LEFT, WIDTH, HEIGHT, each, bars, scale)


def round_up(most: int) -> int:
    """Returns the end of the scale: an even 1, 2 or 5 times a power of ten that is not below `most`."""
    size = 1
    while True:
        for factor in (2, 4, 10):
            if size * factor >= most:
                return size * factor
        size *= 10
