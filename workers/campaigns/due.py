"""What is planted again and again: finds the rows that are due, moves each on, and leaves out what was planted before.

One piece for watches and for scheduled campaigns. Whoever plants holds the rows locked until its transaction ends, so
a coordinator that dies leaves them due, and a second one finds them moved on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.tables import CampaignSchedule, Watch
from workers.policy.schedule import Due, Schedule, due_now

Row = TypeVar("Row", Watch, CampaignSchedule)


@dataclass(frozen=True, slots=True)
class Planned(Generic[Row]):
    """A row, and its due time that has come."""

    row: Row
    schedule: Schedule
    due: Due


def schedule_of(row: Watch | CampaignSchedule, zone: ZoneInfo) -> Schedule:
    """Returns when a row is due."""
    return Schedule(row.every, row.cron, zone, row.id)


def come(table: type[Row], now: datetime) -> ColumnElement[bool]:
    """Selects the rows to look at."""
    # a last due time that lies ahead: the clock was put back, and the next one may be far away
    return or_(table.next_due <= now, table.last_due > now)


def take_due(
    session: Session, table: type[Row], zone: ZoneInfo, now: datetime, *conditions: ColumnElement[bool], most: int
) -> Iterator[Planned[Row]]:
    """Locks up to `most` rows that are due, the longest due first, and moves each to its next due time."""
    due = select(table).where(table.removed_at.is_(None), come(table, now), *conditions)
    for row in session.scalars(due.order_by(table.next_due, table.id).limit(most).with_for_update()):
        schedule = schedule_of(row, zone)
        last: datetime | None = row.last_due
        found = due_now(schedule, now, last, row.created_at)
        moved = found.at if found is not None else min(now, last or now)
        row.last_due, row.next_due = moved, schedule.next(moved) + schedule.jitter
        if found is not None:
            yield Planned(row, schedule, found)


def not_planted(
    session: Session,
    row_id: InstrumentedAttribute[str],
    due: InstrumentedAttribute[datetime],
    planned: Sequence[Planned[Row]],
) -> list[Planned[Row]]:
    """Returns those whose due time was not planted before; the two columns are those of what was."""
    if not planned:
        return []
    mine = row_id.in_([one.row.id for one in planned])
    first = min(one.due.at for one in planned)
    there = {(one_id, at) for one_id, at in session.execute(select(row_id, due).where(mine, due >= first))}
    return [one for one in planned if (one.row.id, one.due.at) not in there]
