"""What the ledger told this gateway of late: its time, and which authors are registered.

Spares a lone task a trip before the one that plants it. Only for tasks that do not act: of these a registered author
is all that is asked, and nobody takes an author out of the ledger. Whoever acts is checked against the basis of now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from flows.specs.catalogue import SPECS
from models.responsible_use.caps import Basis
from workers.canvas.rows import PlantedRow

CLOCK_SECONDS = 1.0  # a database whose clock is set meanwhile is believed for so long
AUTHORS_SECONDS = 60.0  # a restored ledger may lack some
MOST_AUTHORS = 10_000

Facts = tuple[datetime, Mapping[str, Basis]]


def _awake_and_asleep() -> float:
    """Returns the seconds since the machine started, those in which it was suspended included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class RecentFacts:
    """One thread uses it."""

    def __init__(self, clock: Callable[[], float] = _awake_and_asleep) -> None:
        self._clock = clock
        self._moment: tuple[float, datetime] | None = None
        self._authors: dict[str, Basis] = {}
        self._authors_since = clock()

    def tell(self, now: datetime, bases: Mapping[str, Basis]) -> None:
        """Takes in what the ledger has just answered."""
        self._moment = self._clock(), now
        if len(self._authors) + len(bases) <= MOST_AUTHORS:
            self._authors |= bases

    def enough_for(self, rows: Sequence[PlantedRow], authors: Collection[str]) -> Facts | None:
        """Returns the database's time and the bases of these authors; None when the ledger must be asked.

        The time is never ahead of the database's: it counts from the moment at which the answer had come.
        """
        read_at = self._clock()
        if read_at - self._authors_since > AUTHORS_SECONDS:
            self._authors, self._authors_since = {}, read_at
        if self._moment is None or read_at - self._moment[0] > CLOCK_SECONDS or any(map(_acts, rows)):
            return None
        if not self._authors.keys() >= set(authors):
            return None
        told_at, moment = self._moment
        return moment + timedelta(seconds=read_at - told_at), {one: self._authors[one] for one in authors}


def _acts(row: PlantedRow) -> bool:
    flow = SPECS.get(row.task)
    return flow is None or bool(flow.acts)
