"""The alert of a host that is cut off from Redis while the coordinator is not."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.alerts import end_alerts, lasting_alerts, raise_or_renew
from models.transactions.read_write import write

KIND = "broker_away"


def _subject(host: str) -> str:
    return f"redis:{host}"


def cut_off(engine: Engine, host: str, place: str, reason: str, remedy: str) -> bool:
    """Raises the alert of this host, unless one tells that Redis is away from the whole fleet.

    Returns whether one of this host lasts now. `place`: the address of Redis in this host's settings.
    """

    def work(session: Session) -> bool:
        if any(alert.subject == "redis" for alert in lasting_alerts(session, KIND)):
            return False
        text = f"host {host} is cut off from {place}, and its phones take no work: {reason}"
        raise_or_renew(session, KIND, _subject(host), text, f"at host {host}: {remedy}", database_now(session))
        return True

    return write(engine, work)


def reaches_again(engine: Engine, host: str) -> None:
    """Ends the alert of this host, if one lasts."""
    write(engine, lambda session: end_alerts(session, KIND, _subject(host), database_now(session)))
