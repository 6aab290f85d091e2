"""The Gantt chart of a campaign: a line for each phone, with its attempts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, LEFT, RIGHT, LINE, TOP = 1000, 150, 130, 22, 24
STEPS = tuple(timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440))
MOST_MARKS = 8


@dataclass(frozen=True, slots=True)
class Span:
    """One attempt on one phone; without an end it runs."""

    phone: str
    task_id: str
    flow: str
    start: datetime
    end: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Bar:
    """An attempt's part of its line."""

    span: Span
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """A phone's line; `now` is a word of how it is."""

    phone: str
    y: int
    now: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Gantt:
    """The chart: its lines, and the moments marked above them."""

    height: int
    lines: Sequence[Line]
    marks: Sequence[tuple[float, datetime]]


def gantt(spans: Sequence[Span], start: datetime, end: datetime, now: Mapping[str, str]) -> Gantt:
    """Draws the attempts from `start` to `end`; `now`: phone → how it is, for the phones that are shown as well."""
    long = max((end - start).total_seconds(), 1.0)
    room = WIDTH - LEFT - RIGHT

    def at(moment: datetime) -> float:
        part = (moment - start).total_seconds() / long
        return LEFT + room * min(1.0, max(0.0, part))

    by_phone: dict[str, list[Bar]] = {phone: [] for phone in now}
    for one in spans:
        x = at(one.start)
        width = max(1.5, at(one.end or end) - x)
        by_phone.setdefault(one.phone, []).append(Bar(one, round(x, 1), round(width, 1)))
    lines = [
        Line(phone, TOP + place * LINE, now.get(phone, ""), bars)
        for place, (phone, bars) in enumerate(sorted(by_phone.items()))
    ]
    return Gantt(TOP + len(lines) * LINE + 6, lines, [(round(at(one), 1), one) for one in _marks(start, end)])


def _marks(start: datetime, end: datetime) -> list[datetime]:
    """Returns round moments between the two, a few of them."""
    step = next((one for one in STEPS if (end - start) / one <= MOST_MARKS), None)
    if step is None:  # more than a week: whole days, some of them
        step = timedelta(days=max(1, (end - start).days // MOST_MARKS))
    first = start.timestamp() // step.total_seconds() * step.total_seconds()
    marks = []
    for number in range(1, MOST_MARKS + 2):
        moment = datetime.fromtimestamp(first + number * step.total_seconds(), start.tzinfo)
        if moment < end:
            marks.append(moment)
    return marks
