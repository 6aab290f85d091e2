"""Totals of an author or a campaign from days, and of every two dimensions from months, as far as these have all.

What they do not have is left to count row by row: parts of a day, parts of a month of two dimensions, and the days that
an older version's coordinator wrote, until `phonefleet migrate` counts them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.history.records.filters import RecordFilter
from models.history.records.hours import DAY
from models.history.records.pairs import BY_DAY, PAIRED, DayCount, day_counts, pair_name
from models.history.records.partitions import month_after
from models.history.records.spans import WHOLE_DAY, Span, between, is_empty, month_of, whole
from models.tables import RecordHour, RecordPair


@dataclass(frozen=True, slots=True)
class Further:
    """The dimensions that a filter names, one that is counted by the day or two, and what it asks for of each."""

    given: Mapping[str, Any]  # dimension → value; of key: several
    marks: Sequence[ColumnElement[bool]]  # on flow, kind and outcome of the days
    sides: Sequence[bool]  # of the sandbox

    def total(self, session: Session, span: Span) -> tuple[int, list[Span]]:
        """Returns the number that is known, and the parts of the span that are left to count row by row."""
        days = whole(span, WHOLE_DAY)
        if is_empty(days):
            return 0, [span]
        counts = day_counts(session, days)
        months = None if len(self.given) == 1 else _usable_months(counts, days)
        used = {day for day, one in counts.items() if one.has_all and (months is None or month_of(day) in months)}
        number = self._by_day(session, days, used) if months is None else self._by_month(session, months)
        ends = [(span[0], days[0]), (days[1], span[1])]
        return number, [*(end for end in ends if end[0] != end[1]), *_runs(sorted(counts), used)]

    def _by_day(self, session: Session, days: Span, used: Collection[datetime]) -> int:
        ((dimension, value),) = self.given.items()
        mine = (RecordHour.dimension == dimension + DAY, RecordHour.value == value, RecordHour.sandbox.in_(self.sides))
        numbers = select(RecordHour.hour, func.sum(RecordHour.number)).where(*mine, *self.marks)
        found = session.execute(numbers.where(*between(RecordHour.hour, days)).group_by(RecordHour.hour))
        return sum(int(number) for day, number in found if day in used)

    def _by_month(self, session: Session, months: Collection[datetime]) -> int:
        (one, value), (other, its) = self.given.items()
        mine = (
            RecordPair.month.in_(months),
            RecordPair.sandbox.in_(self.sides),
            RecordPair.pair == pair_name(one, other),
            _matches(RecordPair.one, value),
            _matches(RecordPair.other, its),
        )
        return int(session.scalar(select(func.sum(RecordPair.number)).where(*mine)) or 0) if months else 0


def further_of(which: RecordFilter, marks: Sequence[ColumnElement[bool]]) -> Further | None:
    """Returns the counts by day or by pair that tell this filter's total; None when neither do."""
    values = {
        "account": which.account, "phone": which.phone, "key": which.keys, "code": which.code,
        "author": which.author, "campaign": which.campaign,
    }  # fmt: skip
    given = {name: values[name] for name in PAIRED if values[name] is not None}
    alone = len(given) == 1 and not given.keys().isdisjoint(BY_DAY)
    two = len(given) == 2 and not marks
    if not (alone or two) or any(one is not None for one in (which.culprit, which.step, which.task)):
        return None
    both = which.keys is not None or which.campaign is not None  # those are on one side already
    return Further(given, marks, (False, True) if both else (which.sandbox,))


def _matches(column: Any, value: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.in_(value) if isinstance(value, tuple) else column == value
    return found


def _usable_months(counts: Mapping[datetime, DayCount], days: Span) -> set[datetime]:
    """Returns the months that lie in these days as a whole, and whose days have all of their records or none."""
    first, last = days
    months = {month_of(day) for day in counts}
    inside = {one for one in months if (first is None or first <= one) and (last is None or month_after(one) <= last)}
    return inside - {month_of(day) for day, one in counts.items() if not one.has_all and not one.has_none}


def _runs(days: Sequence[datetime], used: Collection[datetime]) -> Iterator[Span]:
    """Yields the stretches of days that are not used. Days without records may lie in them."""
    start = end = None
    for day in days:
        if day in used:
            if start is not None:
                yield start, end
            start = None
        else:
            start, end = start or day, day + WHOLE_DAY
    if start is not None:
        yield start, end
