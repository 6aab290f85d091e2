"""Bounds how many bytes of parameters and results the ledger keeps for one campaign, and for one key in a day.

A desk task may return what it was given, and each task that comes after may do so again: a megabyte that was submitted
grew to 32 GB. What is up to `FEW_BYTES` long counts nowhere; the number of tasks bounds it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Table, case, select, update
from sqlalchemy.orm import Session

from models import tables
from models.database.base import to_json
from models.database.sizes import size_of
from models.tables import Campaign
from models.values.refused import Problem
from workers.settings import settings

FEW_BYTES = 4096
MEGABYTE = 1_000_000
CAMPAIGN_REMEDY = "ask for less in one campaign, or have the operator raise PHONEFLEET_CAMPAIGN_MB"
KEY_REMEDY = "wait for the next day (UTC), or have the operator raise PHONEFLEET_KEY_MB_A_DAY"


def json_size(value: Any) -> int:
    """Returns the bytes of a value as the ledger stores it."""
    return size_of(to_json(value))


def over_campaign(size: int) -> Problem | None:
    """Returns the problem of a new campaign with parameters of so many bytes; None when it may have them."""
    most = settings().campaign_mb * MEGABYTE
    if size <= most:
        return None
    return Problem("canvas", _campaign_reason(size, most), CAMPAIGN_REMEDY)


def count_for_campaign(
    session: Session, campaign_id: str, key_id: str | None, size: int, now: datetime
) -> Problem | None:
    """Counts bytes that are about to be stored. Returns the problem, and counts none then, when they are too many."""
    if size <= FEW_BYTES:
        return None
    table, most = cast("Table", Campaign.__table__), settings().campaign_mb * MEGABYTE
    mine = table.c.id == campaign_id
    grow = update(table).where(mine, table.c.stored_bytes + size <= most)
    if not _changed(session, grow.values(stored_bytes=table.c.stored_bytes + size)):
        has = session.scalar(select(table.c.stored_bytes).where(mine)) or 0
        return Problem("tasks", _campaign_reason(has + size, most), CAMPAIGN_REMEDY)
    over = count_for_key(session, key_id, size, now)
    if over is not None:
        _changed(session, update(table).where(mine).values(stored_bytes=table.c.stored_bytes - size))
    return over


def count_for_key(session: Session, key_id: str | None, size: int, now: datetime) -> Problem | None:
    """Counts bytes of a key's day. Returns the problem, and counts none then, when they are too many; else None."""
    if key_id is None or size <= FEW_BYTES:
        return None
    table, most = cast("Table", tables.ApiKey.__table__), settings().key_mb_a_day * MEGABYTE
    today = now.date().isoformat()
    # NULL = today is neither true nor false, and ELSE takes it
    has = case((table.c.stored_day == today, table.c.stored_bytes), else_=0)
    grow = update(table).where(table.c.id == key_id, has + size <= most)
    # in this order: MySQL reads the day that it has just set
    if _changed(session, grow.ordered_values((table.c.stored_bytes, has + size), (table.c.stored_day, today))):
        return None
    reason = f"{size} bytes more of parameters and results would be over the {most} that its key may store in a day"
    return Problem("tasks", reason, KEY_REMEDY)


def _campaign_reason(size: int, most: int) -> str:
    return f"the campaign would keep {size} bytes of parameters and results, and may keep {most}"


def _changed(session: Session, statement: Any) -> bool:
    done = session.connection().execute(statement)
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
