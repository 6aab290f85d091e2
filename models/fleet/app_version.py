"""The version of the app on a phone, and whether the profile of the flows was tried with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.storable import storable_json, storable_text
from models.tables import Phone
from models.transactions.read_write import read, write

MOST_VERSION = 64  # characters, of the column
UNTRIED = "untried_app"  # key of a worker's finding


def note_app_version(engine: Engine, serial: str, version: str, *, known: bool, tried: Sequence[str] = ()) -> bool:
    """Stores the app's version on a phone. `known`: the profile was tried with it; `tried`: with which it was.

    Returns True when the version is not known and the ledger did not hold that yet. Such a phone works on: an app that
    looks as before works as before, and a page that changed fails by itself.
    """
    version = storable_text(version, MOST_VERSION)
    untried = None if known else storable_json({"version": version, "tried": list(tried)})

    def is_stored(session: Session) -> bool:
        phone = session.get(Phone, serial)
        return phone is None or (phone.app_version == version and _untried(phone) == untried)

    def work(session: Session) -> bool:
        phone = session.get_one(Phone, serial, with_for_update=True)
        news = untried is not None and _untried(phone) != untried
        phone.app_version = version
        others = {name: value for name, value in (phone.health or {}).items() if name != UNTRIED}
        if untried is not None:
            phone.health = {**others, UNTRIED: untried}
        elif phone.health is not None:
            phone.health = others
        return news

    return False if read(engine, is_stored) else write(engine, work)


def untried_app(phone: Phone) -> tuple[str, Sequence[str]] | None:
    """Returns the app's version and the versions that its profile was tried with; None when it was tried with this."""
    untried = _untried(phone)
    return None if untried is None else (untried["version"], untried["tried"])


def _untried(phone: Phone) -> dict[str, Any] | None:
    untried: dict[str, Any] | None = (phone.health or {}).get(UNTRIED)
    return untried
