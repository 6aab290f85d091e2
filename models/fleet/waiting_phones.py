"""Waiting phones: each waits because another host serves a phone with its serial, and has a row of its own.

The row of the serial belongs to the host that serves that phone. The waiting phone is listed under its serial and its
host, so that people see both. Its host renews the row each second.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.storable import storable_text
from models.fleet.fitness import ON_HOST
from models.notify.alerts import end_alerts
from models.tables import Phone
from models.transactions.read_write import write
from models.values.enums import PhoneState

RIVAL_SILENT_SECONDS = 15.0  # after so long a silence of its host, a phone does not wait any more
MOST_PART = 90  # characters of the serial and of the host in the name of the row
_RIVAL = (Phone.state == PhoneState.EQUAL_SERIALS, Phone.model == "", Phone.serial.contains(ON_HOST, autoescape=True))


def rival_name(serial: str, host: str) -> str:
    """Returns the name under which a host's waiting phone is listed."""
    return f"{storable_text(serial, MOST_PART)}{ON_HOST}{storable_text(host, MOST_PART)}"


def drop_rival(session: Session, serial: str, host: str, now: datetime) -> None:
    """Deletes the row of a host's waiting phone, which is gone or which the host serves now; ends its alert."""
    _drop(session, rival_name(serial, host), now)


def drop_rivals_of(session: Session, host: str, now: datetime) -> None:
    """Deletes the rows of a host's waiting phones when the host starts, because it reports them anew."""
    for name in session.scalars(select(Phone.serial).where(Phone.host == host, *_RIVAL)).all():
        _drop(session, name, now)


def drop_silent_rivals(engine: Engine, seconds: float = RIVAL_SILENT_SECONDS) -> int:
    """Deletes the rows of waiting phones whose host was silent for `seconds`. Returns the number deleted."""

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
