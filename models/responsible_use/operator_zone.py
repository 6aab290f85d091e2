"""The operator's time zone, by whose days the caps count: one for the whole fleet, kept in the ledger.

Two hosts with two zones would begin a day at two moments, and let one account do twice its actions. Every command
looks at it, so this module imports no table but its own.
"""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.insert_if_absent import insert_if_absent
from models.tables import FleetValue
from models.transactions.read_write import read, write
from models.values.refused import refuse

VARIABLE = "PHONEFLEET_TIMEZONE"
ZONE = "timezone"  # its name among the fleet's values


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
