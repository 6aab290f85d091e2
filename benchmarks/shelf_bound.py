"""The lower bound of a day: no schedule, however clever, ends it earlier.

The injected waste counts as work, because a failed attempt costs any schedule the same: its seconds come before the
attempt that succeeds. Three bounds hold, and the greatest is taken: all work over all phones while they live, the work
pinned to one account, and the longest chain of tasks that follow each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.shelf_day import Day


@dataclass(frozen=True, slots=True)
class Bound:
    """The seconds of each bound."""

    work: float
    pinned: float
    chain: float

    @property
    def seconds(self) -> float:
        return max(self.work, self.pinned, self.chain)


def bound_of(day: Day) -> Bound:
    """Returns the bounds of what can be done whatever happens."""
    costs = {job.name: day.seconds_of(job) for job in day.to_do}
    pinned: dict[int, float] = {}
    for job in day.to_do:
        if job.account is not None:
            pinned[job.account] = pinned.get(job.account, 0.0) + costs[job.name]
    return Bound(
        work=filled_at(sum(costs.values()), day.phones, sorted(day.deaths.values())),
        pinned=max(pinned.values(), default=0.0),
        chain=longest_chain(costs, {job.name: job.after for job in day.to_do}),
    )


def filled_at(work: float, phones: int, deaths: Sequence[float]) -> float:
    """Returns the second at which phones that are never idle have done this work; `deaths` in order."""
    at = 0.0
    for dies in deaths:
        done = (dies - at) * phones
        if work <= done:
            break
        work, at, phones = work - done, dies, phones - 1
    return at + work / phones if phones else float("inf")


def longest_chain(costs: Mapping[str, float], after: Mapping[str, Sequence[str]]) -> float:
    """Returns the seconds of the longest chain. Tasks come after those that they follow in `costs`."""
    ends: dict[str, float] = {}
    for name, seconds in costs.items():
        ends[name] = max((ends.get(one, 0.0) for one in after[name]), default=0.0) + seconds
    return max(ends.values(), default=0.0)
