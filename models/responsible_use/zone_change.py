"""Changes the operator's time zone, so that no cap counts anew."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from models import tables
from models.database.clock import database_now
from models.history.audit_log import record_change
from models.responsible_use.caps import operator_day
from models.responsible_use.operator_zone import ZONE, fleet_zone
from models.tables import FleetValue
from models.tasks.transitions import wake_capped
from models.transactions.read_write import write

COUNTED_AGAIN = timedelta(days=3)  # no day of any zone is open for longer


def change_zone(engine: Engine, zone: str, *, who: str) -> str | None:
    """Changes the fleet's time zone, and records that. Returns the one before.

    The actions of the last days count by the new zone's days from now on, so that no cap counts anew.
    """

    def work(session: Session) -> str | None:
        now, before = database_now(session), fleet_zone(session)
        session.merge(FleetValue(name=ZONE, value=zone))
        if before != zone:
            record_change(session, who, f"fleet:{ZONE}", before, zone)
            _count_again(session, zone, now)
            wake_capped(session, now)
        return before

    return write(engine, work)


def _count_again(session: Session, zone: str, now: datetime) -> None:
    here, today = ZoneInfo(zone), operator_day(now, zone)
    for back in range(COUNTED_AGAIN.days):
        day = today - timedelta(days=back)
        start, end = (datetime.combine(one, time(), here) for one in (day, day + timedelta(days=1)))
        in_it = (tables.ActionRow.declared_at >= start, tables.ActionRow.declared_at < end)
        session.execute(update(tables.ActionRow).where(*in_it).values(day=day))
