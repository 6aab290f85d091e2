"""Counts seeded records as the product counts them: by hour, day and pair (`models/history/records`).

To group the texts of 20 million records 22 times takes far longer than to write the records. But the seed knows what
it draws: here a month's numbers (benchmarks/seed_columns.py) are drawn once more, into a narrow table in memory,
and are grouped there as numbers. A count's texts are made of its numbers when it is written, in the order of its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.seed_columns import DRAWN, START, step
from models.history.records.hours import ALL, DAY, DIMENSIONS, HOURS_KEY
from models.history.records.pairs import BY_DAY, COUNTED, PAIRED, PAIRS_KEY, pair_name

MEMORY = 2 << 30  # at most, of one table in memory; a month of 20 million records a year needs 0.1 GB
SETTINGS = {"max_heap_table_size": MEMORY, "tmp_memory_table_size": MEMORY, "sort_buffer_size": 256 << 20}
HOUR = 3_600_000_000  # microseconds
REST = ("flow", "kind", "outcome")
INTO_HOURS = f"INSERT INTO record_hours ({', '.join(HOURS_KEY)}, number, seconds) "
INTO_PAIRS = f"INSERT INTO record_pairs ({', '.join(PAIRS_KEY)}, number) "


def count(session: Session, month: datetime, first: int, end: int, rows: int) -> None:
    """Counts a month's records, of which nothing is counted: those of `rows` from number `first` to before `end`."""
    for setting, value in SETTINGS.items():
        session.execute(text(f"SET SESSION {setting} = {value}"))
    session.execute(text("DROP TEMPORARY TABLE IF EXISTS drawn"))  # of a try before
    session.execute(text(_drawn(month, first, end, rows)))
    for statement in _statements(month):
        session.execute(text(statement))
    session.execute(text("DROP TEMPORARY TABLE drawn"))


def _drawn(month: datetime, first: int, end: int, rows: int) -> str:
    """The month's numbers: narrow rows, in memory. A day is its first hour, counted from the month's beginning."""
    hour = f"seq * {step(rows)} DIV {HOUR} - {(month - START) // timedelta(hours=1)}"
    columns = {"hour": hour, "day": f"({hour}) DIV 24 * 24", **{name: drawn.number for name, drawn in DRAWN.items()}}
    kept = ", ".join(f"{name} INT" for name in columns)
    chosen = ", ".join(f"{number} AS {name}" for name, number in columns.items())
    numbers = f"FROM seq_{first}_to_{end - 1}"
    return f"CREATE TEMPORARY TABLE drawn ({kept}) ENGINE = MEMORY AS SELECT {chosen} {numbers}"


def _statements(month: datetime) -> Iterator[str]:
    for dimension, column in {ALL: "", **DIMENSIONS}.items():
        yield _spans(month, dimension, column, "hour")
    for dimension, column in {ALL: "", **DIMENSIONS, **BY_DAY}.items():
        yield _spans(month, dimension + DAY, column, "day")
    for (one, column), (other, its) in combinations(PAIRED.items(), 2):
        yield _pairs(month, pair_name(one, other), column, its)
    # all records of each day are counted
    known = f"0, '{COUNTED}', '', {_moment(month, 'day')}, '', '', '', COUNT(*), 0"
    yield f"{INTO_HOURS}SELECT {known} FROM drawn GROUP BY day"  # noqa: S608


def _spans(month: datetime, dimension: str, column: str, span: str) -> str:
    by = ["sandbox", *([column] if column else []), span, *REST]
    there = f"{column} IS NOT NULL" if column else "TRUE"
    value = DRAWN[column].of(column) if column else "''"
    rest = ", ".join(DRAWN[name].of(name) for name in REST)
    known = f"sandbox, '{dimension}', {value}, {_moment(month, span)}, {rest}, number, total"
    return f"{INTO_HOURS}SELECT {known} {_grouped(by, there, 'COUNT(*) AS number, SUM(seconds) AS total')}"


def _pairs(month: datetime, pair: str, column: str, other: str) -> str:
    known = f"'{month:%Y-%m-%d}', sandbox, '{pair}', {DRAWN[column].of(column)}, {DRAWN[other].of(other)}, number"
    there = f"{column} IS NOT NULL AND {other} IS NOT NULL"
    return f"{INTO_PAIRS}SELECT {known} {_grouped(['sandbox', column, other], there, 'COUNT(*) AS number')}"


def _grouped(by: Sequence[str], there: str, counts: str) -> str:
    columns = ", ".join(by)
    groups = f"SELECT {columns}, {counts} FROM drawn WHERE {there} GROUP BY {columns}"  # noqa: S608
    return f"FROM ({groups}) AS grouped ORDER BY {columns}"


def _moment(month: datetime, span: str) -> str:
    return f"TIMESTAMPADD(HOUR, {span}, '{month:%Y-%m-%d}')"
