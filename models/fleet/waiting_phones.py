"""A phone that waits, since another host serves a phone of its serial: a row of its own in the ledger.

The row of the serial belongs to the host that serves it. The one that waits is listed under its serial and its
host, so that people see both; its host renews the row each second, and nothing else is known of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.enums import PhoneState
from models.fleet.fitness import ON_HOST
from models.notify.alerts import end_alerts
from models.tables import Phone
from models.transactions.read_write import write

RIVAL_SILENT_SECONDS = 15.0  # a host that was not heard of for so long waits no more
MOST_PART = 90  # characters of the serial and of the host in the name of the row
_RIVAL = (Phone.state == PhoneState.EQUAL_SERIALS, Phone.model == "", Phone.serial.contains(ON_HOST, autoescape=True))


def rival_name(serial: str, host: str) -> str:
    """Under what the phone of this host is listed while another host serves one of its serial."""
    return f"{storable_text(serial, MOST_PART)}{ON_HOST}{storable_text(host, MOST_PART)}"


def drop_rival(session: Session, serial: str, host: str, now: datetime) -> None:
    """This host has no phone of this serial that waits, or serves it itself: the row goes and its alert is over."""
    _drop(session, rival_name(serial, host), now)


def drop_rivals_of(session: Session, host: str, now: datetime) -> None:
    """This host begins, and will tell anew which of its phones wait."""
    for name in session.scalars(select(Phone.serial).where(Phone.host == host, *_RIVAL)).all():
        _drop(session, name, now)


def drop_silent_rivals(engine: Engine, seconds: float = RIVAL_SILENT_SECONDS) -> int:
    """Deletes rows of waiting phones whose host is silent for so long. Returns the number deleted."""

    def work(session: Session) -> int:
        now = database_now(session)
        late = session.scalars(
            select(Phone.serial).where(*_RIVAL, Phone.seen_at < now - timedelta(seconds=seconds))
        ).all()
        for name in late:
            _drop(session, name, now)
        return len(late)

    return write(engine, work)


def _drop(session: Session, name: str, now: datetime) -> None:
    end_alerts(session, "equal_serials", f"phone:{name}", now)
    session.execute(delete(Phone).where(Phone.serial == name, *_RIVAL))
