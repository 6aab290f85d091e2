"""Decides when a part that ended is started again, and that a part cannot be started at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.values.backoff import Backoff

RESTARTS = Backoff(first=0.5, most=30.0)
STEADY_SECONDS = 60.0  # a part that ran this long counts as started
MOST_TRIES = 5  # at a first start, a quarter of a minute in all
REFUSED = 2  # the exit status of a part that refuses its settings: another try would end in the same way


@dataclass(slots=True)
class Restarts:
    """The ends of one part. Times are monotonic seconds; a status is Popen's, below 0 for a signal."""

    began: float
    due: float | None = None  # when it is to be started again; None while it runs
    troubled: bool = False  # it ended, and has not run for STEADY_SECONDS since
    ever_steady: bool = False
    ends: int = 0  # in a row, each before it was steady
    by_itself: int = 0  # of these, those that no signal caused

    def ended(self, status: int, now: float) -> None:
        """Notes an end, and plans the next start."""
        self.look(now)
        if not self.troubled:
            self.ends = self.by_itself = 0
        self.troubled = True
        self.ends += 1
        self.by_itself += status >= 0
        self.due = now + RESTARTS.wait(self.ends)

    def cannot_start(self, status: int) -> bool:
        """Returns whether the part, which ended so last, never ran: then a person must look.

        A part that ran before is started again without end, because the reason may pass by itself. A signal comes from
        outside and says nothing about the part.
        """
        return not self.ever_steady and (status == REFUSED or self.by_itself >= MOST_TRIES)

    def started(self, now: float) -> None:
        """Notes that it was started again."""
        self.began, self.due = now, None

    def look(self, now: float) -> bool:
        """Returns True once, when a part that ended has been running well again for a minute."""
        if self.due is not None or now - self.began < STEADY_SECONDS:
            return False
        self.ever_steady = True
        was_troubled, self.troubled = self.troubled, False
        return was_troubled
