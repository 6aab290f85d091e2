"""Tells people that phones wait because this host's adb server has no room to connect them."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from workers.host.host_ledger import Ledger

ALERT_SECONDS = 10.0  # what many calls at one moment have open is free again by then


class RoomReport:
    """Writes when phones have waited for a while, and when none does any more; at rest it writes nothing."""

    def __init__(self, ledger: Ledger, waiting: Callable[[], int]) -> None:
        self._ledger = ledger
        self._waiting = waiting
        self._since: float | None = None
        self._told: bool | None = None  # None: what an earlier agent told is unknown

    def look(self) -> None:
        """Writes a change. Raises the database driver's errors."""
        waiting, now = self._waiting(), monotonic()
        if not waiting:
            self._since = None
            if self._told is not False:
                self._ledger.adb_has_room()
                self._told = False
            return
        self._since = now if self._since is None else self._since
        if self._told is not True and now - self._since >= ALERT_SECONDS:
            self._ledger.adb_full(waiting)
            self._told = True
