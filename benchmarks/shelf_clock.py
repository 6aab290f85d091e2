"""The simulated clock of a day, and the ledger's own clock set to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from unittest.mock import patch

BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)


class Clock:
    """Seconds since the day began, moved on by whoever simulates the day."""

    def __init__(self) -> None:
        self.at = 0.0

    @property
    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.at)


@contextmanager
def as_the_ledgers(clock: Clock) -> Iterator[None]:
    """While it lasts, the time of SQLite ledgers in this process is the simulated one."""

    class Simulated(datetime):
        @classmethod
        def now(cls, _zone: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now

    with patch("models.database.clock.datetime", Simulated):
        yield
