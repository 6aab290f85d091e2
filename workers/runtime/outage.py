"""Outages of the ledger: logs how long this process has waited for it, and raises an alert when it is over.

An alert is a row of the ledger, so none can be written while that is away.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.database.error_kinds import is_unavailable, remedy_for
from models.database.storable import storable_text
from models.notify.alerts import raise_alert
from models.tables import Alert
from models.transactions.read_write import write

log = logging.getLogger("phonefleet.outage")

LASTS = 30.0  # seconds: shorter ones are a restart, or a moment of many locks
SUBJECT = "ledger"
MOST_REASON = 300


class Outage:
    """The ledger's outage as one process sees it. Its threads share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._reason = self._remedy = ""
        self._logged = False

    def saw(self, error: Exception) -> bool:
        """Notes an error, if it says that the ledger is unavailable. Returns whether it does."""
        if not is_unavailable(error):
            return False
        with self._lock:
            now = self._clock()
            self._since = now if self._since is None else self._since
            self._reason = storable_text(str(getattr(error, "orig", error)), MOST_REASON)
            self._remedy = remedy_for(error)
            tell = not self._logged and now - self._since >= LASTS
            self._logged = self._logged or tell
        if tell:
            log.error("the ledger has been away for %.0f s: %s; %s", LASTS, self._reason, self._remedy)
        return True

    def over(self, engine: Engine) -> None:
        """Notes that the ledger answered. A long outage raises one alert, however many processes waited for it."""
        with self._lock:
            since, self._since, self._logged = self._since, None, False
        if since is None:
            return
        lasted = self._clock() - since
        if lasted < LASTS:
            return
        text = f"the ledger was away for {lasted:.0f} s: {self._reason}"
        try:
            write(engine, lambda session: _tell(session, text, self._remedy, timedelta(seconds=lasted)))
        except (DBAPIError, PoolTimeout) as error:  # away again: what came meanwhile goes on without this alert
            log.warning("not kept that %s: %s", text, getattr(error, "orig", error))


def _tell(session: Session, text: str, remedy: str, lasted: timedelta) -> None:
    now = database_now(session)
    told = select(Alert.id).where(Alert.kind == "ledger_away", Alert.at >= now - lasted).limit(1)
    if session.scalar(told) is None:
        raise_alert(session, "ledger_away", SUBJECT, text, remedy, now)


OUTAGE = Outage()
