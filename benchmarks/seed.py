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
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from benchmarks.seed_counts import count
from benchmarks.seed_texts import seed_popular, seed_texts
from models.database.engine import Patience, connect
from models.history.records.partitions import month_after, month_name
from models.transactions.read_write import read, write
from workers.settings import settings

PATIENT = Patience(answer=3600, lock=60, idle=3600)
AT_ONCE = 250_000
PHONES, AUTHORS, KEYS = 200, 50, 5
CAMPAIGN = 5000  # records of one: a ledger with more records has more campaigns, not larger ones
RECORDS_OF_A_COMMENT = 10
START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
FLOWS = ("collect_titles", "collect_comments", "directed", "nurture")
CODES = ("video_not_found", "comment_not_found", "list_not_loaded", "page_drift", "phone_lost", "may_not_act")
STEPS = ("open", "video", "comments", "act")


def seed_all(engine: Engine, rows: int) -> None:
    """Writes so many records, and a collected comment for ten of them; and the popular authors' comments."""
    seed(engine, rows)
    seed_texts(engine, rows // RECORDS_OF_A_COMMENT, START, YEAR)
    seed_popular(engine, rows // RECORDS_OF_A_COMMENT, START)


def seed(engine: Engine, rows: int) -> None:
    """Writes so many records over a year, their hours, days and pairs, and the partitions of their months."""
    began = time.monotonic()
    _months(engine)
    indexes = {one["name"]: one["column_names"] for one in inspect(engine).get_indexes("records")}
    _alter(engine, [f"DROP INDEX {name}" for name in indexes])
    for first in range(0, rows, AT_ONCE):
        write(engine, partial(_some, first=first, last=min(rows, first + AT_ONCE) - 1, rows=rows))
    _say(f"{rows} rows", began)
    count(engine, list(_bounds()))
    _say("counts", began)
    _alter(engine, [f"ADD INDEX {name} ({', '.join(map(str, columns))})" for name, columns in indexes.items()])
    _say("indexes", began)
    write(engine, lambda session: session.execute(text("ANALYZE TABLE records, record_hours, record_pairs")).all())


def _say(what: str, began: float) -> None:
    print(f"  {what} after {time.monotonic() - began:.0f} s", flush=True)


def _bounds() -> Iterator[tuple[datetime, datetime]]:
    """Yields the beginning and the end of each month."""
    start = START
    while start < START + YEAR:
        end = month_after(start)
        yield start, end
        start = end


def _months(engine: Engine) -> None:
    parts = [f"PARTITION {month_name(start)} VALUES LESS THAN ('{end:%Y-%m-%d}')" for start, end in _bounds()]
    parts.append("PARTITION later VALUES LESS THAN (MAXVALUE)")
    _alter(engine, [f"PARTITION BY RANGE COLUMNS (ended_at) ({', '.join(parts)})"])


def values(rows: int) -> Mapping[str, str]:
    """Returns the expression of each column, over a sequence of numbers below `rows`."""
    failed, action = f"{_draw('failed', 10)} = 0", f"{_draw('action', 4)} = 0"
    customer = f"{_draw('customer', 5)} = 0"
    return {
        "ended_at": f"TIMESTAMPADD(MICROSECOND, seq * {int(YEAR.total_seconds() * 1e6) // rows}, '{START:%Y-%m-%d}')",
        "id": "CONCAT('a', seq)",
        "kind": f"IF({action}, ELT(1 + {_draw('act', 3)}, 'comment', 'reply', 'like_comment'), 'attempt')",
        "flow": f"IF({action}, ELT(1 + {_draw('acting', 2)}, 'directed', 'nurture'), {_pick('flow', FLOWS)})",
        "outcome": f"IF({action}, 'done', IF({failed}, 'failed', 'succeeded'))",
        "code": f"IF({action} OR NOT {failed}, NULL, {_pick('code', CODES)})",
        "culprit": f"IF({action} OR NOT {failed}, NULL, {_pick('culprit', ('content', 'phone', 'app'))})",
        "step": f"IF({action} OR NOT {failed}, NULL, {_pick('step', STEPS)})",
        "reason": f"IF({action} OR NOT {failed}, NULL, 'it is not there')",
        "account_id": f"CONCAT('acc', LPAD({_draw('account', PHONES)}, 4, '0'))",
        "phone_serial": f"CONCAT('SIM', LPAD({_draw('phone', PHONES)}, 4, '0'))",
        "key_id": f"IF({customer}, CONCAT('key_', {_draw('key', KEYS)}), NULL)",
        "sandbox": f"{_draw('sandbox', 50)} = 0",
        "campaign_id": f"CONCAT('campaign-', LPAD(seq DIV {CAMPAIGN}, 6, '0'))",
        "task_id": "MD5(seq DIV 3)",
        "attempt": "1",
        "author_id": f"CONCAT('author', LPAD({_draw('author', AUTHORS)}, 3, '0'))",
        "title": "CONCAT('新款发布会全程回顾 第', seq % 1000, '集')",
        "asked": "50",
        "got": f"{_draw('got', 51)}",
        "seconds": f"30 + {_draw('seconds', 300)}",
        "evidence": f"{failed}",
    }


def _some(session: Session, first: int, last: int, rows: int) -> None:
    columns = values(rows)
    session.execute(text("SET SESSION unique_checks = 0"))
    numbers = f"FROM seq_{first}_to_{last}"
    session.execute(text(f"INSERT INTO records ({', '.join(columns)}) SELECT {', '.join(columns.values())} {numbers}"))


def _draw(column: str, count: int) -> str:
    return f"(CRC32(CONCAT('{column}', seq)) % {count})"


def _pick(column: str, words: Sequence[str]) -> str:
    return f"ELT(1 + {_draw(column, len(words))}, {', '.join(map(repr, words))})"


def _alter(engine: Engine, changes: Sequence[str]) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE records {', '.join(changes)}"))


def main() -> int:
    """Seeds the ledger of the settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
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
