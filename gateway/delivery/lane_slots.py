"""Slots: limits the threads that one lane may use, so that slow receivers leave some for the others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


def may_enter(of_lane: int, of_others: int, total: int) -> bool:
    """Allows a lane half of the threads that the others leave, and at least one while any is free.

    One slow receiver gets half of the threads, a second one a quarter, a third an eighth, so the
    next lane still finds one.
    """
    free = total - of_others
    return of_lane < min(max(1, free // 2), free)


class Slots:
    """The threads of one worker, counted by lane."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, lane: str) -> Iterator[bool]:
        """Holds a slot for the lane, if it may have one more; yields whether it does."""
        with self._lock:
            mine = self._taken[lane]
            entered = may_enter(mine, self._taken.total() - mine, self._total)
            self._taken[lane] += entered
        try:
            yield entered
        finally:
            with self._lock:
                self._taken[lane] -= entered
                if not self._taken[lane]:
                    del self._taken[lane]
