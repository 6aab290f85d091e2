"""The records that a benchmark seeds are counted as those that the product writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from benchmarks.seed import seed
from benchmarks.seed_columns import START, YEAR
from models.database.engine import connect
from models.history.records.count_days import count_days
from models.history.records.hours import HOURS_KEY, add_to_hours
from models.history.records.pairs import PAIRS_KEY
from models.tables import Record, RecordHour, RecordPair
from models.transactions.read_write import read, write
from tests.support.ledger.copied import make_tables
from tests.support.servers import MariaDB

ROWS = 700  # some of each day


@pytest.fixture
def engine(mariadb_server: MariaDB) -> Iterator[Engine]:
    """A ledger of seeded records."""
    with mariadb_server.database() as url:
        made = connect(url)
        make_tables(made)
        seed(made, ROWS)
        yield made
        made.dispose()


def rows_of(engine: Engine, table: Any, *names: str) -> dict[tuple[Any, ...], float]:
    """The numbers of a table of counts, by its key."""
    columns = [getattr(table, name) for name in names]
    found = read(engine, lambda session: session.execute(select(*columns)).all())
    return {tuple(row[:-1]): row[-1] for row in found}


def counted(engine: Engine) -> list[dict[tuple[Any, ...], float]]:
    """All counts: hours and days, with their seconds, and pairs."""
    return [
        rows_of(engine, RecordHour, *HOURS_KEY, "number"),
        rows_of(engine, RecordHour, *HOURS_KEY, "seconds"),
        rows_of(engine, RecordPair, *PAIRS_KEY, "number"),
    ]


def test_seeded_records_are_counted_as_the_product_counts_them(engine: Engine) -> None:
    seeded = counted(engine)
    records = read(engine, lambda session: [dict(row._mapping) for row in session.execute(select(Record.__table__))])
    assert len(records) == ROWS
    for table in (RecordHour, RecordPair):
        write(engine, lambda session, table=table: session.execute(delete(table)))  # type: ignore[misc]
    write(engine, lambda session: add_to_hours(session, records))
    count_days(engine, START + YEAR)
    assert all(seeded)
    assert counted(engine) == seeded
