"""One alert for each part of `phonefleet up` that ended; over when the part has been running well for a minute."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.notify.alerts import end_alerts, raise_alert
from models.transactions.read_write import write
from scripts.local.supervisor import Change, PartNews


class PartAlerts:
    """Keeps what the ledger could not be told, and tells it later."""

    def __init__(self, engine: Engine, host: str, logs: Path) -> None:
        self._engine = engine
        self._host = host
        self._logs = logs
        self._untold: dict[str, PartNews] = {}  # by part: the later news replaces the earlier

    def tell(self, news: Iterable[PartNews]) -> None:
        """Raises alerts of ends, and ends those of parts that are steady. A ledger that is away is told next time."""
        self._untold |= {one.name: one for one in news if one.change is not Change.STARTED}
        if not self._untold:
            return

        def work(session: Session) -> None:
            for one in self._untold.values():
                self._note(session, one)

        try:
            write(self._engine, work)
        except DatabaseError:
            return
        self._untold.clear()

    def _note(self, session: Session, news: PartNews) -> None:
        subject, now = f"part:{news.name}@{self._host}", database_now(session)
        if news.change is Change.STEADY:
            end_alerts(session, "part_ended", subject, now)
            return
        text = f"{news.name} on host {self._host} ended {news.why}; phonefleet up starts it again"
        remedy = f"nothing, if that was all; if it goes on, see the end of {self._logs / news.name}.log"
        raise_alert(session, "part_ended", subject, text, remedy, now, once=True)
