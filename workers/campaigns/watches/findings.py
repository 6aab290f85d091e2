"""Reads back what a watch found: the items that count, with their texts as far as results still have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import Task, Watch, WatchItem
from models.tasks.monitored import MONITORS
from workers.campaigns.watches.judge_looks import text_of


@dataclass(frozen=True, slots=True)
class Finding:
    """An item that counts. `text` is None once retention or an erasure took it; `alerted_at`: when people were told."""

    at: datetime
    alerted_at: datetime | None
    text: str | None
    words: Sequence[str]
    task_id: str


def findings(session: Session, watch: Watch, most: int) -> list[Finding]:
    """Returns the latest items that count for a watch, newest first."""
    mine = select(WatchItem).where(WatchItem.watch_id == watch.id, WatchItem.matched)
    items = session.scalars(mine.order_by(WatchItem.first_seen_at.desc(), WatchItem.position).limit(most)).all()
    wanted = {item.task_id for item in items}
    rows = session.execute(select(Task.id, Task.result).where(Task.id.in_(wanted)))
    results = {row[0]: row[1] for row in rows}
    part = MONITORS[watch.flow][0]
    found = []
    for item in items:
        kept = (results.get(item.task_id) or {}).get(part, ())
        text = text_of(watch.flow, kept[item.position]) if item.position < len(kept) else None
        found.append(Finding(item.first_seen_at, item.alerted_at, text, item.words or (), item.task_id))
    return found
