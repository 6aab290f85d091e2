"""The thread of a delivery worker that tells channels of alerts. It needs the ledger, and no Redis."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Engine

from gateway.delivery.alert_text import alert_message, is_quiet
from gateway.delivery.tell_channel import most_bytes, tell
from gateway.words.catalogue import catalogue
from gateway.words.language import FIRST
from models.notify.notices import Owed, claim_channel, due_channels, settle_telling
from models.tables import AlertChannel
from models.transactions.read_write import read, write
from models.values.backoff import Backoff
from workers.runtime.outage import OUTAGE
from workers.settings import Settings

log = logging.getLogger("phonefleet.alerts")

LOOK_SECONDS = 2.0
AGAIN = Backoff(first=30.0, most=3600.0)

Tell = Callable[[AlertChannel, str, Settings], str | None]


class AlertTeller(threading.Thread):
    """Looks every two seconds for channels that are owed alerts. Several may run: a channel has one telling at once."""

    def __init__(self, engine: Engine, config: Settings, telling: Tell = tell) -> None:
        super().__init__(name="alerts", daemon=True)
        self._engine, self._config, self._tell = engine, config, telling
        self._ended = threading.Event()

    def run(self) -> None:
        """Looks until `end`."""
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception as error:
                if OUTAGE.saw(error):
                    log.warning("could not ask the ledger for alerts: %s", getattr(error, "orig", error))
                else:
                    log.exception("could not tell of alerts")

    def look(self) -> int:
        """Tells every channel that is due, one after the other. Returns the number of messages that arrived."""
        zone = self._config.timezone
        now, due = read(self._engine, due_channels)
        return sum(
            self._tell_one(channel.id)
            for channel in due
            if not self._ended.is_set() and not is_quiet(channel.quiet_from, channel.quiet_to, now, zone)
        )

    def end(self) -> None:
        """Ends the thread after the message that is under way."""
        self._ended.set()

    def _tell_one(self, channel_id: str) -> bool:
        owed = write(self._engine, lambda session: claim_channel(session, channel_id))
        if owed is None:
            return False
        error = self._told(owed) if owed.alerts else None
        if error is not None:
            log.warning("channel %s was not told of %d alerts: %s", owed.channel.name, len(owed.alerts), error)
        pause = float(owed.channel.every) if error is None else AGAIN.wait(owed.channel.failures + 1)
        write(self._engine, lambda session: settle_telling(session, owed, error, pause))
        return error is None and bool(owed.alerts)

    def _told(self, owed: Owed) -> str | None:
        words = catalogue(self._config.language or FIRST)
        text = alert_message(owed.alerts, self._config.timezone, most_bytes(owed.channel), words)
        return self._tell(owed.channel, text, self._config)
