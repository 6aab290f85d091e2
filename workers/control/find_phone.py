"""Asks a phone to show its number, so that a person finds it on the shelf."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.fleet.shows import ask_to_show
from models.history.audit_log import record_change
from models.transactions.read_write import write
from models.values.enums import PhoneState
from models.values.refused import refuse
from workers.control.phone_pause import known_phone


def find_phone(engine: Engine, serial: str, *, who: str) -> None:
    """Has a phone show its number, after its task if one runs. Raises Refused for a phone that nobody reaches.

    A paused phone shows it as well: a person who asks looks for exactly this phone.
    """

    def work(session: Session) -> None:
        phone = known_phone(session, serial)
        if phone.state != PhoneState.ONLINE:
            raise refuse(
                "phone", f"{serial!r} is {phone.state}: it can show nothing", "look at its place: host and port"
            )
        ask_to_show(session, serial)
        record_change(session, who, f"phone:{serial}", None, {"find": True})

    write(engine, work)
