"""Counts records by the day of their author and campaign, and by the month of every two of their dimensions.

Both were added after the hours, so a record may be in the hours alone: one that an older version's coordinator wrote.
Each day tells under `counted day` how many of its records these counts have. As long as that is the day's own number,
they have all. What is added to a day that lacks some stays out, so that the whole day can be counted later
(`count_days`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy import false, func, select
from sqlalchemy.orm import Session

from models.history.records.hours import ALL, DAY, DIMENSIONS, HOURS_KEY, adding
from models.history.records.spans import WHOLE_DAY, Span, between, floor, month_of
from models.tables import RecordHour, RecordPair

BY_DAY = {"author": "author_id", "campaign": "campaign_id"}
# dimension → the column of a record with its value; every two, in this order, are a pair
PAIRED = DIMENSIONS | BY_DAY
COUNTED = "counted day"
DaySum = tuple[int, float]  # records, and their seconds together
PAIRS_KEY = ("month", "sandbox", "pair", "one", "other")


@dataclass(frozen=True, slots=True)
class DayCount:
    """A day's records, and how many of them are counted by day and by pair; -1: they cannot be counted any more."""

    number: int
    counted: int

    @property
    def has_all(self) -> bool:
        """Returns whether all of its records are counted."""
        return self.number == self.counted

    @property
    def has_none(self) -> bool:
        """Returns whether none of its records is counted."""
        return self.counted <= 0


def pair_name(one: str, other: str) -> str:
    """Returns a pair's name in the table: its dimensions in the order of `PAIRED`."""
    return f"{one} {other}"


def add_further(session: Session, records: Sequence[Mapping[str, Any]]) -> None:
    """Adds new records, which the hours have already, to the days that lack none of the others."""
    mine = Counter(_day(record) for record in records)
    whole = _whole_days(session, mine)
    here = [record for record in records if _day(record) in whole]
    days: dict[tuple[Any, ...], DaySum] = {counted_key(day): (mine[day], 0.0) for day in whole}
    for record in here:
        for key in _day_keys(record):
            number, seconds = days.get(key, (0, 0.0))
            days[key] = number + 1, seconds + (record["seconds"] or 0.0)
    add_to_days(session, days)
    pairs = Counter(key for record in here for key in _pair_keys(record))
    values = [dict(zip(PAIRS_KEY, key, strict=True)) | {"number": number} for key, number in sorted(pairs.items())]
    if values:
        dialect = session.get_bind().dialect.name
        session.connection().execute(adding(dialect, RecordPair, PAIRS_KEY, ("number",)), values)


def add_to_days(session: Session, days: Mapping[tuple[Any, ...], DaySum]) -> None:
    """Adds to rows of days by their key. Each stays locked until the transaction ends, also when 0 is added."""
    values = [
        dict(zip(HOURS_KEY, key, strict=True)) | {"number": number, "seconds": seconds}
        for key, (number, seconds) in sorted(days.items())
    ]
    if values:
        dialect = session.get_bind().dialect.name
        session.connection().execute(adding(dialect, RecordHour, HOURS_KEY, ("number", "seconds")), values)


def counted_key(day: datetime) -> tuple[Any, ...]:
    """Returns the key of the row that tells how many records of a day are counted, of the sandbox too."""
    return (False, COUNTED, "", day, "", "", "")


def _whole_days(session: Session, mine: Mapping[datetime, int]) -> set[datetime]:
    """Returns the days whose records are all counted, but these, which the hours have already."""
    add_to_days(session, {counted_key(day): (0, 0.0) for day in mine})  # nobody counts them meanwhile
    known = day_counts(session, (min(mine), max(mine) + WHOLE_DAY))
    return {day for day, new in mine.items() if known[day].number - new == known[day].counted}


def day_counts(session: Session, span: Span) -> dict[datetime, DayCount]:
    """Returns the count of each day in a span that has records."""
    within = [RecordHour.value == "", *between(RecordHour.hour, span)]
    of_all = (RecordHour.dimension == ALL + DAY, RecordHour.sandbox.in_((False, True)), *within)
    numbers = select(RecordHour.hour, func.sum(RecordHour.number)).where(*of_all).group_by(RecordHour.hour)
    counted = select(RecordHour.hour, RecordHour.number).where(
        RecordHour.dimension == COUNTED, RecordHour.sandbox == false(), *within
    )
    known = {row.hour: row.number for row in session.execute(counted)}
    return {day: DayCount(int(number), known.get(day, 0)) for day, number in session.execute(numbers)}


def _day(record: Mapping[str, Any]) -> datetime:
    return floor(record["ended_at"], WHOLE_DAY)


def _day_keys(record: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    rest = (_day(record), record["flow"], record["kind"], record["outcome"])
    for dimension, column in BY_DAY.items():
        if record[column] is not None:
            yield (record["sandbox"], dimension + DAY, record[column], *rest)


def _pair_keys(record: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    month = month_of(record["ended_at"])
    given = [(name, record[column]) for name, column in PAIRED.items() if record[column] is not None]
    for (one, value), (other, its) in combinations(given, 2):
        yield (month, record["sandbox"], pair_name(one, other), value, its)
