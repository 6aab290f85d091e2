"""Counts seeded records as the product counts them: by hour, day and pair (`models/history/records`).

The product counts a day at a time, which takes longer than to write the records. Here each statement counts a whole
month in one reading, sorted, since a table of so many groups does not fit into memory; and two run at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import combinations

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.history.records.hours import ALL, DAY, DIMENSIONS
from models.history.records.pairs import BY_DAY, COUNTED, PAIRED, pair_name
from models.transactions.read_write import write

AT_ONCE = 2  # statements: one a core of a small machine
ROOM = ("sort_buffer_size = 268435456", "read_rnd_buffer_size = 16777216")
HOUR, OF_DAY = "DATE_FORMAT(ended_at, '%Y-%m-%d %H:00:00')", "DATE(ended_at)"
INTO_HOURS = "INSERT INTO record_hours (sandbox, dimension, value, hour, flow, kind, outcome, number, seconds) "

Month = tuple[datetime, datetime]


def count(engine: Engine, months: Sequence[Month]) -> None:
    """Counts all records of these months, of which nothing is counted."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for statements in (_of_records(months), _of_hours(), _of_days()):  # each from those before
            list(pool.map(partial(_run, engine), list(statements)))


def _run(engine: Engine, statement: str) -> None:
    def work(session: Session) -> None:
        for setting in ROOM:
            session.execute(text(f"SET SESSION {setting}"))
        session.execute(text(statement))

    write(engine, work)


def _of_records(months: Sequence[Month]) -> Iterator[str]:
    for dimension, column in {ALL: "", **DIMENSIONS}.items():
        for month in months:
            yield _spans(month, dimension, column, HOUR)
    for dimension, column in BY_DAY.items():
        for month in months:
            yield _spans(month, dimension + DAY, column, OF_DAY)
    for (one, column), (other, its) in combinations(PAIRED.items(), 2):
        for month in months:
            yield _pairs(month, pair_name(one, other), column, its)


def _spans(month: Month, dimension: str, column: str, span: str) -> str:
    value = column or "''"
    there = f" AND {column} IS NOT NULL" if column else ""
    return (
        f"{INTO_HOURS}SELECT SQL_BIG_RESULT sandbox, '{dimension}', {value}, {span} AS span, flow, kind, outcome, "
        f"COUNT(*), SUM(seconds) {_within(month)}{there} GROUP BY sandbox, {value}, span, flow, kind, outcome"
    )


def _pairs(month: Month, pair: str, column: str, other: str) -> str:
    return (
        "INSERT INTO record_pairs (month, sandbox, pair, one, other, number) "
        f"SELECT SQL_BIG_RESULT '{month[0]:%Y-%m-%d}', sandbox, '{pair}', {column}, {other}, COUNT(*) {_within(month)} "
        f"AND {column} IS NOT NULL AND {other} IS NOT NULL GROUP BY sandbox, {column}, {other}"
    )


def _within(month: Month) -> str:
    return f"FROM records WHERE ended_at >= '{month[0]:%Y-%m-%d}' AND ended_at < '{month[1]:%Y-%m-%d}'"


def _of_hours() -> Iterator[str]:
    for dimension in (ALL, *DIMENSIONS):
        yield (
            f"{INTO_HOURS}SELECT SQL_BIG_RESULT sandbox, '{dimension}{DAY}', value, DATE(hour) AS day, flow, kind, "
            f"outcome, SUM(number), SUM(seconds) {_counted(dimension)} "
            "GROUP BY sandbox, value, day, flow, kind, outcome"
        )


def _of_days() -> Iterator[str]:
    """Tells that all records of each day are counted."""
    yield f"{INTO_HOURS}SELECT 0, '{COUNTED}', '', hour, '', '', '', SUM(number), 0 {_counted(ALL + DAY)} GROUP BY hour"


def _counted(dimension: str) -> str:
    return f"FROM record_hours WHERE sandbox IN (0, 1) AND dimension = '{dimension}'"
