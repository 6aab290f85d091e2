"""A customer's pause of a phone: its own tasks do not run there, everybody else's do.

The phone's row has the customers that paused it, so that whoever reads the phone knows without a further statement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import tables
from models.tables import Phone

OWN = "own_phone"  # the kind of its subject among the ends of pauses


def paused_for(phone: Phone) -> frozenset[str]:
    """Returns the customers that paused this phone for their own tasks."""
    return frozenset(phone.paused_for or ())


def holds_back(session: Session, phone: Phone, key_id: str | None) -> bool:
    """Returns whether a customer's pause keeps the tasks of this key off the phone. The operator's have no key."""
    return key_id is not None and is_among(session, key_id, paused_for(phone))


def is_among(session: Session, key_id: str, customers: Collection[str]) -> bool:
    """Returns whether a key belongs to one of these customers; reads the ledger only if there are any."""
    return bool(customers) and customer_of(session, key_id) in customers


def customer_of(session: Session, key_id: str) -> str | None:
    """Returns the customer of a key."""
    return session.scalar(select(tables.ApiKey.customer).where(tables.ApiKey.id == key_id))


def keys_of(session: Session, customers: Collection[str]) -> list[str]:
    """Returns the ids of all keys of these customers."""
    return (
        list(session.scalars(select(tables.ApiKey.id).where(tables.ApiKey.customer.in_(customers))))
        if customers
        else []
    )


def why_held_back(serial: str) -> str:
    """Returns why a customer's task waits for a phone that the customer paused."""
    return f"phone {serial} is paused for its customer's tasks, by that customer: resume the phone over the API"


def own_subject(serial: str, customer: str) -> str:
    """Returns the subject of a customer's pause among the ends of pauses: both names together may be too long."""
    return f"{OWN}:{hashlib.sha256(f'{customer}|{serial}'.encode()).hexdigest()}"


def find_own_pause(session: Session, subject: str) -> tuple[str, str] | None:
    """Returns serial and customer of a pause in force by its subject; None for one that is over."""
    paused = session.scalars(select(Phone).where(Phone.paused_for.is_not(None)))
    pairs = ((phone.serial, customer) for phone in paused for customer in paused_for(phone))
    return next((pair for pair in pairs if own_subject(*pair) == subject), None)


def paused_until(session: Session, phones: Collection[Phone], customer: str) -> Mapping[str, datetime]:
    """Returns when phones may take this customer's tasks again by themselves, by serial.

    Without those that are not paused for it, and without those that stay paused until a person resumes them.
    """
    subjects: dict[str, list[str]] = {}
    for phone in phones:
        own = [own_subject(phone.serial, customer)] if customer in paused_for(phone) else []
        subjects[phone.serial] = [*([f"phone:{phone.serial}"] if phone.paused else []), *own]
    ends = _ends(session, [subject for some in subjects.values() for subject in some])
    return {one: max(ends[each] for each in some) for one, some in subjects.items() if some and ends.keys() >= {*some}}


def own_pauses(session: Session, phones: Collection[Phone]) -> Mapping[str, Mapping[str, datetime | None]]:
    """Returns the customers that keep their tasks off phones, with the end of each pause, by serial."""
    paused = {phone.serial: sorted(paused_for(phone)) for phone in phones if phone.paused_for}
    ends = _ends(session, [own_subject(serial, customer) for serial, some in paused.items() for customer in some])
    return {serial: {one: ends.get(own_subject(serial, one)) for one in some} for serial, some in paused.items()}


def _ends(session: Session, subjects: Collection[str]) -> dict[str, datetime]:
    if not subjects:
        return {}
    rows = session.execute(
        select(tables.PauseEnd.subject, tables.PauseEnd.ends_at).where(tables.PauseEnd.subject.in_(subjects))
    )
    return dict(rows.all())
