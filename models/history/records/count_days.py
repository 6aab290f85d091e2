"""Counts the days that an older version's coordinator wrote, by author, campaign and pair: for `phonefleet migrate`.

A day at a time, in one transaction, by the database itself. Whoever adds to the same day waits at its row; an older
coordinator does not, so the number is looked at again at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import combinations

from sqlalchemy import Engine, false, func, select, text, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.records.hours import DAY, add_sums
from models.history.records.pairs import (
    BY_DAY,
    COUNTED,
    PAIRED,
    counted_key,
    day_counts,
    pair_name,
)
from models.history.records.spans import WHOLE_DAY, between, floor, month_of
from models.tables import Record, RecordHour
from models.transactions.read_write import read, write

NEVER = -1  # a day whose records were deleted in part
_MORE = {
    "sqlite": "ON CONFLICT DO UPDATE SET number = number + excluded.number",
    "mysql": "ON DUPLICATE KEY UPDATE number = number + VALUES(number)",
}
_SECONDS = {
    "sqlite": ", seconds = seconds + excluded.seconds",
    "mysql": ", seconds = seconds + VALUES(seconds)",
}


class Changed(Exception):
    """Records of the day were written or deleted meanwhile."""


def count_days(engine: Engine, before: datetime | None = None) -> int:
    """Counts every day that ended before this moment and of which nothing is counted. Returns how many it counted.

    `before`: the present moment, if None.
    """
    return sum(_counted(engine, day) for day in read(engine, partial(_days_to_count, before)))


def _days_to_count(before: datetime | None, session: Session) -> list[datetime]:
    counts = day_counts(session, (None, floor(before or database_now(session), WHOLE_DAY)))
    return sorted(day for day, one in counts.items() if one.counted == 0 and one.number > 0)


def _counted(engine: Engine, day: datetime) -> bool:
    try:
        return write(engine, partial(_count, day=day))
    except Changed:
        return False  # the next one that migrates counts it


def _count(session: Session, day: datetime) -> bool:
    add_sums(session, {counted_key(day): (0, 0.0)})  # nobody adds to it meanwhile
    span = (day, day + WHOLE_DAY)
    one = day_counts(session, span)[day]
    if one.counted != 0:
        return False
    number = _records(session, day)
    if number == one.number:
        for statement in _statements(session.get_bind().dialect.name, day):
            session.execute(text(statement), {"month": f"{month_of(day):%Y-%m-%d %H:%M:%S.%f}", **_times(day)})
        if _records(session, day) != number:
            raise Changed
    mine = (RecordHour.sandbox == false(), RecordHour.dimension == COUNTED, RecordHour.value == "")  # as its key begins
    told = (
        update(RecordHour).where(*mine, RecordHour.hour == day).values(number=number if number == one.number else NEVER)
    )
    session.execute(told.execution_options(synchronize_session=False))
    return number == one.number


def _records(session: Session, day: datetime) -> int:
    within = between(Record.ended_at, (day, day + WHOLE_DAY))
    return session.scalar(select(func.count()).select_from(Record).where(*within)) or 0


def _times(day: datetime) -> dict[str, str]:
    """Returns the day and its end as both databases store them."""
    return {"day": f"{day:%Y-%m-%d %H:%M:%S.%f}", "after": f"{day + WHOLE_DAY:%Y-%m-%d %H:%M:%S.%f}"}


def _statements(dialect: str, day: datetime) -> Iterator[str]:
    """Yields what adds the day's records to the days of authors and campaigns, and to the pairs of its month."""
    sort = "sqlite" if dialect == "sqlite" else "mysql"
    more = _MORE[sort]
    within = "FROM records WHERE ended_at >= :day AND ended_at < :after"
    for dimension, column in BY_DAY.items():
        yield (
            "INSERT INTO record_hours (sandbox, dimension, value, hour, flow, kind, outcome, number, seconds) "
            f"SELECT sandbox, '{dimension}{DAY}', {column}, :day, flow, kind, outcome, COUNT(*), "
            f"COALESCE(SUM(seconds), 0) {within} AND {column} IS NOT NULL "
            f"GROUP BY sandbox, {column}, flow, kind, outcome {more}{_SECONDS[sort]}"
        )
    for (one, column), (other, its) in combinations(PAIRED.items(), 2):
        yield (
            "INSERT INTO record_pairs (month, sandbox, pair, one, other, number) "
            f"SELECT :month, sandbox, '{pair_name(one, other)}', {column}, {its}, COUNT(*) {within} "
            f"AND {column} IS NOT NULL AND {its} IS NOT NULL GROUP BY sandbox, {column}, {its} {more}"
        )
