"""The operator's time zone, by whose days the caps count: one for the whole fleet, kept in the ledger.

Two hosts with two zones would begin a day at two moments, and let one account do twice its actions.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.insert_if_absent import insert_if_absent
from models.history.audit_log import record_change
from models.responsible_use.caps import operator_day
from models.tables import ActionRow, FleetValue
from models.tasks.transitions import wake_capped
from models.transactions.read_write import read, write
from models.values.refused import refuse

VARIABLE = "PHONEFLEET_TIMEZONE"
ZONE = "timezone"  # its name among the fleet's values
COUNTED_AGAIN = timedelta(days=3)  # no day of any zone is open for longer


def fleet_zone(session: Session) -> str | None:
    """Returns the fleet's time zone; None before the first process recorded its own."""
    kept = session.get(FleetValue, ZONE)
    return None if kept is None else kept.value


def agree_on_zone(engine: Engine, zone: str) -> None:
    """Records the time zone of the first process of the fleet. Raises Refused for a process with another one."""
    write(engine, lambda session: insert_if_absent(session, FleetValue, name=ZONE, value=zone))
    check_zone(engine, zone)


def check_zone(engine: Engine, zone: str) -> None:
    """Raises Refused if the fleet has another time zone than this one. Records nothing."""
    fleets = read(engine, fleet_zone)
    if fleets is not None and fleets != zone:
        reason = f"it is {zone} here, and the fleet counts its days in {fleets}: with both, an account could act twice"
        remedy = f"set {VARIABLE}={fleets} here; or change the fleet's: phonefleet authors zone {zone}"
        raise refuse(VARIABLE, f"{reason} as often in a day", remedy)


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
        in_it = (ActionRow.declared_at >= start, ActionRow.declared_at < end)
        session.execute(update(ActionRow).where(*in_it).values(day=day))
