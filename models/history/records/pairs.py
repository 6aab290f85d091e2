"""Counts records by the day of their author and campaign, and by the month of every two of their dimensions.

Both were added after the hours, so a record may be in the hours alone: one that an older version's coordinator wrote.
Each day tells under `counted day` how many of its records these counts have. As long as that is the day's own number,
they have all. What is added to a day that lacks some stays out, so that the whole day can be counted later
(`count_days`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.history.records.hours import ALL, DAY, DIMENSIONS, add_sums, adding, sums_of
from models.history.records.spans import WHOLE_DAY, Span, between, floor, month_of
from models.tables import RecordHour, RecordPair

BY_DAY = {"author": "author_id", "campaign": "campaign_id"}
# dimension → the column of a record with its value; every two, in this order, are a pair
PAIRED = DIMENSIONS | BY_DAY
COUNTED = "counted day"
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


def add_counts(session: Session, records: Sequence[Mapping[str, Any]]) -> None:
    """Adds new records to the hours, and to the other counts of the days that lack none of the others."""
    mine = Counter(_day(record) for record in records)
    whole = _whole_days(session, mine)
    here = [record for record in records if _day(record) in whole]
    sums = sums_of(records)
    sums |= {counted_key(day): (mine[day], 0.0) for day in whole}
    for record in here:
        for key in _day_keys(record):
            number, seconds = sums.get(key, (0, 0.0))
            sums[key] = number + 1, seconds + (record["seconds"] or 0.0)
    add_sums(session, sums)
    pairs = Counter(key for record in here for key in _pair_keys(record))
    values = [dict(zip(PAIRS_KEY, key, strict=True)) | {"number": number} for key, number in sorted(pairs.items())]
    if values:
        dialect = session.get_bind().dialect.name
        session.connection().execute(adding(dialect, RecordPair, PAIRS_KEY, ("number",)), values)


def counted_key(day: datetime) -> tuple[Any, ...]:
    """Returns the key of the row that tells how many records of a day are counted, of the sandbox too."""
    return (False, COUNTED, "", day, "", "", "")


def _whole_days(session: Session, mine: Collection[datetime]) -> set[datetime]:
    """Returns the days whose records are all counted so far. Nobody else counts them until the transaction ends."""
    span = (min(mine), max(mine) + WHOLE_DAY)
    known = day_counts(session, span, lock=True)
    behind = {day for day in mine if day in known and known[day].counted == 0 and known[day].number}
    if behind:  # there may have been no row to lock: `count_days` must not begin with one of them meanwhile
        add_sums(session, {counted_key(day): (0, 0.0) for day in behind})
        known = day_counts(session, span, lock=True)
    return {day for day in mine if day not in known or known[day].has_all}


def day_counts(session: Session, span: Span, *, lock: bool = False) -> dict[datetime, DayCount]:
    """Returns the count of each day in a span that has records. `lock`: and locks these counts."""
    which = (
        RecordHour.sandbox.in_((False, True)),
        RecordHour.dimension.in_((ALL + DAY, COUNTED)),
        RecordHour.value == "",
        *between(RecordHour.hour, span),
    )
    wanted = select(RecordHour.hour, RecordHour.dimension, func.sum(RecordHour.number)).where(*which)
    wanted = wanted.group_by(RecordHour.hour, RecordHour.dimension)
    numbers: dict[datetime, int] = {}
    counted: dict[datetime, int] = {}
    for hour, dimension, number in session.execute(wanted.with_for_update() if lock else wanted):
        (counted if dimension == COUNTED else numbers)[hour] = int(number)
    return {day: DayCount(number, counted.get(day, 0)) for day, number in numbers.items()}


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
