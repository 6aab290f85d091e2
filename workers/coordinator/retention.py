"""Deletes what is older than the settings allow: campaigns with their tasks, collected comments, records, watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.retention.campaigns import delete_old_campaigns
from models.retention.comments import delete_old_comments
from models.retention.records import delete_old_records
from models.retention.schedules import delete_old_scheduled
from models.retention.watches import delete_old_hours, delete_old_items, delete_old_looks
from models.transactions.read_write import write
from workers.settings import Settings

Deleting = Callable[[Session, datetime], int]


def delete_old(engine: Engine, config: Settings) -> int:
    """Deletes a bounded number of each kind. Returns the number of rows deleted.

    Each kind has a transaction of its own, so that one that must wait for a lock holds up no other.
    """
    days_of: tuple[tuple[int, Deleting], ...] = (
        (config.keep_task_days, delete_old_campaigns),
        (config.keep_task_days, delete_old_looks),
        (config.keep_task_days, delete_old_scheduled),
        (config.keep_comment_days, delete_old_comments),
        (config.keep_comment_days, delete_old_items),
        (config.keep_record_days, delete_old_records),
        (config.keep_record_days, delete_old_hours),
    )
    return sum(_older(engine, days, deleting) for days, deleting in days_of if days)


def _older(engine: Engine, days: int, deleting: Deleting) -> int:
    return write(engine, lambda session: deleting(session, database_now(session) - timedelta(days=days)))
