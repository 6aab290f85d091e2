"""The keys of a customer, for whoever asks for its records by the customer's name."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import tables
from models.values.refused import refuse


def keys_of(session: Session, customer: str, *, sandbox: bool, field: str = "customer") -> tuple[str, ...]:
    """Returns the customer's keys of this side. Raises Refused when it has none."""
    key = tables.ApiKey  # mapped when a customer is named
    wanted = select(key.id).where(key.customer == customer, key.sandbox == sandbox).order_by(key.id)
    keys = tuple(session.scalars(wanted))
    if not keys:
        raise refuse(field, f"{customer!r} has no key", "see: phonefleet keys")
    return keys
