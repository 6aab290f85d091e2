"""Phones that were asked to show their number: who must do so, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.tables import Phone, PhoneShow
from models.transactions.read_write import write
from models.values.enums import PhoneState

ASKED_FOR = timedelta(minutes=10)  # a phone whose task takes longer does not show it any more


def ask_to_show(session: Session, serial: str) -> None:
    """Asks a phone to show its number after its task."""
    row = session.get(PhoneShow, serial)
    if row is None:
        row = PhoneShow(serial=serial)
        session.add(row)
    row.asked_until, row.why_not = database_now(session) + ASKED_FOR, None


def asked_to_show(session: Session) -> Sequence[str]:
    """Returns the serials of the online phones that shall show their number."""
    wanted = select(PhoneShow.serial).join(Phone, Phone.serial == PhoneShow.serial)
    due = (PhoneShow.asked_until > database_now(session), Phone.state == PhoneState.ONLINE)
    return session.scalars(wanted.where(*due)).all()


def take_show(engine: Engine, serial: str, incarnation: str) -> bool:
    """Returns whether this worker's phone shall show its number now; it is asked once."""

    def work(session: Session) -> bool:
        row, phone = session.get(PhoneShow, serial, with_for_update=True), session.get(Phone, serial)
        if row is None or row.asked_until is None or phone is None or phone.incarnation != incarnation:
            return False
        due, row.asked_until = row.asked_until > database_now(session), None
        return due

    return write(engine, work)


def note_show(engine: Engine, serial: str, why_not: str) -> None:
    """Records that a phone showed its number; `why_not`: why nobody could see it, else empty."""

    def work(session: Session) -> None:
        row = session.get_one(PhoneShow, serial)
        row.shown_at, row.why_not = database_now(session), storable_text(why_not) or None

    write(engine, work)
