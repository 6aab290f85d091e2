"""Phones whose serial is not known yet: listed under adb's name for them, so that people see the remedy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.waiting_phones import drop_rivals_of
from models.tables import Phone
from models.transactions.read_write import write
from models.values.enums import PhoneState
from models.values.names import MOST_CHARACTERS


def unknown_phone(name: str, host: str, now: datetime, *, sandbox: bool) -> Phone:
    """Returns a new row for a phone that adb calls `name`, until its serial is known."""
    return Phone(
        serial=name, address=name, host=host, model="", state=PhoneState.OFFLINE, sandbox=sandbox,
        account_id=None, app_version=None, first_seen_at=now, seen_at=now,
    )  # fmt: skip


def forget_phone(engine: Engine, name: str, host: str) -> None:
    """Deletes the row of an unknown phone whose serial is known now, or that is gone. Keeps phones with a history."""

    def work(session: Session) -> None:
        session.execute(delete(Phone).where(Phone.serial == storable_text(name, MOST_CHARACTERS), *_unknown(host)))

    write(engine, work)


def forget_unknown_phones(engine: Engine, host: str) -> None:
    """Deletes a host's unknown and waiting phones when the host starts, because it reports all phones anew."""

    def work(session: Session) -> None:
        drop_rivals_of(session, host, database_now(session))
        session.execute(delete(Phone).where(*_unknown(host)))

    write(engine, work)


def _unknown(host: str) -> tuple[ColumnElement[bool], ...]:
    """Selects a host's phones of which only the name is known, and which never worked and are not paused."""
    return (
        Phone.host == host,
        Phone.model == "",
        Phone.state != PhoneState.ONLINE,
        Phone.incarnation.is_(None),
        Phone.account_id.is_(None),
        Phone.app_version.is_(None),
        Phone.quarantined_until.is_(None),
        ~Phone.paused,
    )
