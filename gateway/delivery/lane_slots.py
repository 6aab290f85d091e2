"""Slots: limits the threads of one lane and of one customer, so that slow receivers leave some for the others."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

FIRSTS = 2  # threads that are kept for the first callback of each lane, for each thread that all share


@dataclass(frozen=True, slots=True)
class Load:
    """The threads at work: each lane's first one, and beside them the further ones, which all lanes share."""

    of_lane: int  # threads of this lane
    firsts_of_customer: int  # lanes of its customer that are at work
    firsts_of_others: int  # lanes of other customers that are at work
    more_of_lane: int  # of the shared threads, those of this lane
    more_of_customer: int  # those of all lanes of its customer
    more_of_all: int


def may_enter(load: Load, shared: int) -> bool:
    """Allows a lane its first thread, and of the shared ones half of those that others leave, at least one.

    Others are, for a lane, all other lanes, and for a customer all other customers. The first threads are apart, so
    that a lane finds one although others hold all that is shared; of these, too, a customer gets half of the rest.
    """
    if load.of_lane == 0:
        return load.firsts_of_customer < _half(FIRSTS * shared - load.firsts_of_others)
    others = load.more_of_all - load.more_of_lane
    strangers = load.more_of_all - load.more_of_customer
    return (
        load.more_of_all < shared
        and load.more_of_lane < _half(shared - others)
        and load.more_of_customer < _half(shared - strangers)
    )


def most_threads(shared: int) -> int:
    """Returns the threads that a worker may need at once."""
    return (1 + FIRSTS) * shared


def _half(free: int) -> int:
    return min(max(1, free // 2), free)


class Slots:
    """The threads of one worker, counted by lane and by customer."""

    def __init__(self, shared: int) -> None:
        self._shared = shared
        self._taken: Counter[str] = Counter()
        self._customers: dict[str, str] = {}  # of the lanes at work
        self._lock = threading.Lock()

    def enter(self, lane: str, customer: str) -> bool:
        """Takes a slot for the lane, if it may have one more. Returns whether it does."""
        with self._lock:
            whose = self._customers.get(lane, customer)
            if not may_enter(self._load(lane, whose), self._shared):
                return False
            self._customers[lane] = whose
            self._taken[lane] += 1
            return True

    def leave(self, lane: str) -> bool:
        """Gives a slot back. Returns whether it was the lane's last one."""
        with self._lock:
            self._taken[lane] -= 1
            if self._taken[lane]:
                return False
            del self._taken[lane], self._customers[lane]
            return True

    def _load(self, lane: str, customer: str) -> Load:
        theirs = [one for one, whose in self._customers.items() if whose == customer]
        of_lane = self._taken.get(lane, 0)
        return Load(
            of_lane=of_lane,
            firsts_of_customer=len(theirs),
            firsts_of_others=len(self._customers) - len(theirs),
            more_of_lane=max(0, of_lane - 1),
            more_of_customer=sum(self._taken[one] - 1 for one in theirs),
            more_of_all=self._taken.total() - len(self._taken),
        )
