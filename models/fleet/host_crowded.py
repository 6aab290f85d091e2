"""The alert of a host whose adb server has no room for phones that it should connect over the network."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.fitness import SECOND_AGENT
from models.notify.alerts import end_alerts, raise_or_renew
from models.transactions.read_write import write

KIND = "adb_full"


def _subject(host: str) -> str:
    return f"host:{host}"


def adb_full(engine: Engine, host: str, phones: int) -> None:
    """Raises the alert of this host, of so many phones that wait now, unless one lasts."""

    def work(session: Session) -> None:
        text = (
            f"at least {phones} phones of host {host} are not connected, and take no work: "
            "its adb server has no room for them"
        )
        raise_or_renew(session, KIND, _subject(host), text, SECOND_AGENT, database_now(session))

    write(engine, work)


def adb_has_room(engine: Engine, host: str) -> None:
    """Ends the alert of this host, if one lasts."""
    write(engine, lambda session: end_alerts(session, KIND, _subject(host), database_now(session)))
