"""Fills a ledger with records as a shelf of 200 phones would leave them in a year, made by the server itself; and with
collected comments (`benchmarks/seed_texts.py`), one for ten records.

`python -m benchmarks.seed --rows 10000000` fills the ledger at PHONEFLEET_DATABASE_URL, which must be MariaDB and have
no records. Each column's value is drawn from the row's number, independently of the others. The indexes are built at
the end, for a tenth of the time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from functools import partial

from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from benchmarks.seed_columns import START, YEAR, first_since, values
from benchmarks.seed_counts import count
from benchmarks.seed_texts import seed_popular, seed_texts
from models.database.engine import Patience, connect
from models.history.records.partitions import month_after, month_name
from models.transactions.read_write import read, write
from tests.support.arguments import at_least
from workers.settings import settings

PATIENT = Patience(answer=3600, lock=60, idle=3600)
AT_ONCE = 2  # statements: one a core of a small machine
LOT = 250_000
Month = tuple[datetime, datetime]
RECORDS_OF_A_COMMENT = 10


def seed_all(engine: Engine, rows: int) -> None:
    """Writes so many records, and a collected comment for ten of them; and the popular authors' comments."""
    seed(engine, rows)
    seed_texts(engine, rows // RECORDS_OF_A_COMMENT, START, YEAR)
    seed_popular(engine, rows // RECORDS_OF_A_COMMENT, START)


def seed(engine: Engine, rows: int) -> None:
    """Writes so many records over a year, their hours, days and pairs, and the partitions of their months."""
    began = time.monotonic()
    months = list(_bounds())
    _partition(engine, months)
    indexes = {one["name"]: one["column_names"] for one in inspect(engine).get_indexes("records")}
    _alter(engine, [f"DROP INDEX {name}" for name in indexes])
    done = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lots = [pool.submit(_some, engine, first, min(rows, first + LOT), rows) for first in range(0, rows, LOT)]
        for lot in as_completed(lots):
            done += lot.result()
            _say(f"{done} of {rows} records", began)
    added = [f"ADD INDEX {name} ({', '.join(map(str, columns))})" for name, columns in indexes.items()]
    with ThreadPoolExecutor(AT_ONCE) as pool:  # the counts do not read the records
        jobs = {pool.submit(_alter, engine, added): "indexes"}
        jobs |= {pool.submit(_count, engine, month, rows): f"counts of {month[0]:%Y-%m}" for month in months}
        for job in as_completed(jobs):
            job.result()
            _say(jobs[job], began)
    write(engine, lambda session: session.execute(text("ANALYZE TABLE records, record_hours, record_pairs")).all())


def _say(what: str, began: float) -> None:
    print(f"  {what} after {time.monotonic() - began:.0f} s", flush=True)


def _bounds() -> Iterator[Month]:
    """Yields the beginning and the end of each month."""
    start = START
    while start < START + YEAR:
        end = month_after(start)
        yield start, end
        start = end


def _partition(engine: Engine, months: Sequence[Month]) -> None:
    parts = [f"PARTITION {month_name(start)} VALUES LESS THAN ('{end:%Y-%m-%d}')" for start, end in months]
    parts.append("PARTITION later VALUES LESS THAN (MAXVALUE)")
    _alter(engine, [f"PARTITION BY RANGE COLUMNS (ended_at) ({', '.join(parts)})"])


def _some(engine: Engine, first: int, end: int, rows: int) -> int:
    """Writes the records of these numbers. Returns how many."""
    columns = values(rows)
    drawn = f"SELECT {', '.join(columns.values())} FROM seq_{first}_to_{end - 1}"  # noqa: S608

    def work(session: Session) -> None:
        session.execute(text("SET SESSION unique_checks = 0"))
        session.execute(text(f"INSERT INTO records ({', '.join(columns)}) {drawn}"))

    write(engine, work)
    return end - first


def _count(engine: Engine, month: Month, rows: int) -> None:
    first, end = (first_since(moment, rows) for moment in month)
    if first < end:
        write(engine, partial(count, month=month[0], first=first, end=end, rows=rows))


def _alter(engine: Engine, changes: Sequence[str]) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE records {', '.join(changes)}"))


def main() -> int:
    """Seeds the ledger of the settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=at_least(1), default=1_000_000)
    asked = parser.parse_args()
    engine = connect(settings().database_ddl_url or settings().database_url, PATIENT)
    if engine.dialect.name == "sqlite" or read(
        engine, lambda s: s.execute(text("SELECT 1 FROM records LIMIT 1")).all()
    ):
        print("PHONEFLEET_DATABASE_URL must name a MariaDB without records; then: phonefleet migrate", file=sys.stderr)
        return 2
    began = time.monotonic()
    seed_all(engine, asked.rows)
    print(f"{asked.rows} records written in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
