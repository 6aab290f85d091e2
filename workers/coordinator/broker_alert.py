"""Raises one alert while Redis is away, with the reason and the remedy; ends it when Redis is back."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.alerts import end_alerts, raise_or_renew
from models.transactions.read_write import write
from workers.runtime.broker import Broker, Trouble

KIND, SUBJECT = "broker_away", "redis"
# People need not know of a single lost connection, or of a restart that takes a second.
ALERT_SECONDS = 2.0
AGAIN_SECONDS = 30.0  # another coordinator may have led meanwhile, and changed the alert


class BrokerTeller:
    """Raises and ends the alert, by this process's own view of the broker."""

    def __init__(self, engine: Engine, broker: Broker, *, zone: ZoneInfo) -> None:
        self._engine = engine
        self._broker = broker
        self._zone = zone
        self._told: str | None = None  # the remedy that was told last; empty for "well"
        self._again_at = 0.0

    def tell(self) -> None:
        """Writes a change of the alert. Raises the database driver's errors."""
        trouble = self._broker.trouble
        if trouble is not None and self._broker.lasts < ALERT_SECONDS:
            return
        say, now = "" if trouble is None else trouble.remedy, time.monotonic()
        if say == self._told and now < self._again_at:
            return
        write(self._engine, lambda session: self._write(session, trouble))
        self._told, self._again_at = say, now + AGAIN_SECONDS

    def _write(self, session: Session, trouble: Trouble | None) -> None:
        now = database_now(session)
        if trouble is None:
            end_alerts(session, KIND, SUBJECT, now)
            return
        at = f"{now.astimezone(self._zone):%H:%M:%S}"
        text = f"Redis at {self._broker.place} is away (noted at {at}): {trouble.reason}"
        raise_or_renew(session, KIND, SUBJECT, text, trouble.remedy, now)
