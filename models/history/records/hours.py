"""Counts records by the hour and by the day: the dimensions of a record, and the statement that adds to the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.orm import Session

from models.tables import RecordHour

ALL = "all"
DAY = " day"  # added to a dimension: the same by the day, in UTC, so that the total of a year reads few rows
# dimension → the column of a record with its value
DIMENSIONS = {"account": "account_id", "phone": "phone_serial", "key": "key_id", "code": "code"}
Key = tuple[Any, ...]
Sum = tuple[int, float]  # records, and their seconds together
HOURS_KEY = ("sandbox", "dimension", "value", "hour", "flow", "kind", "outcome")


def add_to_hours(session: Session, records: Sequence[Mapping[str, Any]]) -> None:
    """Adds new records to the hours and the days in which they ended."""
    add_sums(session, sums_of(records))


def sums_of(records: Sequence[Mapping[str, Any]]) -> dict[Key, Sum]:
    """Returns what records add to the hours and the days in which they ended."""
    sums: dict[Key, Sum] = {}
    for record in records:
        for key in _keys(record):
            number, seconds = sums.get(key, (0, 0.0))
            sums[key] = number + 1, seconds + (record["seconds"] or 0.0)
    return sums


def add_sums(session: Session, sums: Mapping[Key, Sum]) -> None:
    """Adds to rows of hours and days by their key. Each stays locked until the transaction ends, also if 0 is added."""
    # in one order, so that two fillers cannot deadlock
    values = [
        dict(zip(HOURS_KEY, key, strict=True)) | {"number": number, "seconds": seconds}
        for key, (number, seconds) in sorted(sums.items())
    ]
    if values:
        dialect = session.get_bind().dialect.name
        session.connection().execute(adding(dialect, RecordHour, HOURS_KEY, ("number", "seconds")), values)


def _keys(record: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    hour = record["ended_at"].replace(minute=0, second=0, microsecond=0)
    rest = (record["flow"], record["kind"], record["outcome"])
    values = {ALL: "", **{dimension: record[column] for dimension, column in DIMENSIONS.items()}}
    for dimension, value in values.items():
        if value is not None:
            yield (record["sandbox"], dimension, value, hour, *rest)
            yield (record["sandbox"], dimension + DAY, value, hour.replace(hour=0), *rest)


def adding(dialect: str, counts: Any, key: Sequence[str], numbers: Sequence[str]) -> Any:
    """Returns the INSERT that adds to the numbers of the row with the same key, if there is one."""
    from sqlalchemy.dialects import mysql, sqlite  # noqa: PLC0415 - a command that only reads needs neither

    table = cast("Table", counts.__table__)
    if dialect == "sqlite":
        upsert = sqlite.insert(table)
        more = {name: table.c[name] + upsert.excluded[name] for name in numbers}
        return upsert.on_conflict_do_update(index_elements=list(key), set_=more)
    new = mysql.insert(table)
    return new.on_duplicate_key_update({name: table.c[name] + new.inserted[name] for name in numbers})
