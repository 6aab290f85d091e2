"""Tells people that this host alone is cut off from Redis: its coordinator, elsewhere, may see nothing of it."""

from __future__ import annotations

from workers.host.host_ledger import Ledger
from workers.runtime.broker import Broker

ALERT_SECONDS = 10.0  # by then a coordinator that is cut off as well has told it of the whole fleet


class BrokerReport:
    """Writes when the trouble of this process's broker has lasted, and when it is over; at rest it writes nothing."""

    def __init__(self, ledger: Ledger, broker: Broker) -> None:
        self._ledger = ledger
        self._broker = broker
        self._told: str | None = (
            None  # the remedy that was told last; empty for "well"; None: an earlier host's is unknown
        )

    def look(self) -> None:
        """Writes a change. Raises the database driver's errors."""
        trouble = self._broker.trouble
        if trouble is None:
            if self._told != "":
                self._ledger.broker_well()
                self._told = ""
            return
        if self._broker.reachable or self._broker.lasts < ALERT_SECONDS or trouble.remedy == self._told:
            return
        if self._ledger.broker_away(f"Redis at {self._broker.place}", *trouble):
            self._told = trouble.remedy
