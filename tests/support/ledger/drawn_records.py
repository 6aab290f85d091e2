"""Records that are drawn, and their writing by a coordinator of an older version."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from models.history.records.hours import add_to_hours
from models.tables import Record
from models.transactions.read_write import write

Rows = list[dict[str, Any]]
START = datetime(2026, 5, 1, tzinfo=UTC)
FLOWS = ("collect_comments", "directed", "nurture")


def drawn_record(drawn: random.Random, number: int) -> dict[str, Any]:
    """A record. Many end in one moment, and many columns are empty."""
    failed = drawn.random() < 0.2
    action = drawn.random() < 0.3
    return {
        "ended_at": START + timedelta(minutes=drawn.randrange(60 * 24 * 4) // 30 * 30), "id": f"a{number}",
        "kind": drawn.choice(("reply", "comment")) if action else "attempt", "flow": drawn.choice(FLOWS),
        "outcome": "done" if action else "failed" if failed else "succeeded",
        "code": "video_not_found" if failed and not action else None, "culprit": "content" if failed else None,
        "step": "video" if failed else None, "reason": None, "account_id": drawn.choice(("acc1", "acc2", None)),
        "phone_serial": drawn.choice(("SIM1", "SIM2", "SIM3")), "key_id": drawn.choice((None, None, "key_a", "key_b")),
        "sandbox": drawn.random() < 0.1, "campaign_id": f"c{drawn.randrange(5)}", "task_id": f"t{number // 3}",
        "attempt": 1, "author_id": drawn.choice(("xiaopeng", "chenzhen", None)), "title": "标题",
        "asked": 5, "got": 4, "seconds": 1.0, "evidence": failed,
    }  # fmt: skip


def three_months(count: int) -> Rows:
    """So many records from May to July."""
    drawn = random.Random(5)
    rows = [drawn_record(drawn, number) for number in range(count)]
    return [row | {"ended_at": START + timedelta(minutes=drawn.randrange(60 * 24 * 92) // 30 * 30)} for row in rows]


def by_an_older_version(engine: Engine, rows: Rows) -> None:
    """Writes records as a coordinator did that knew neither days of authors nor pairs."""

    def work(session: Session) -> None:
        session.connection().execute(insert(Record), rows)
        add_to_hours(session, rows)

    if rows:
        write(engine, work)
