"""Today's practice on the same day: each account has its author, and a person runs again what failed, at the end.

It is given every advantage: no pause between two tasks, a person who sees at once that all phones are through, knows
each failure, and deals what failed over all phones that are left so that they are through as early as can be. That
person does so again until nothing has failed.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.shelf_day import Day, Job

Try = tuple[Job, int]  # a job, and how many of its attempts failed


@dataclass(frozen=True, slots=True)
class Practice:
    """When each round ended: the first one, then those of what had failed."""

    rounds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        return self.rounds[-1] if self.rounds else 0.0


def todays_practice(day: Day) -> Practice:
    """Returns the ends of its rounds."""
    wanted = {job.name for job in day.to_do}
    plans: dict[int, list[Try]] = {phone: [] for phone in range(day.phones)}
    for job in sorted(day.jobs, key=lambda job: bool(job.after)):  # the person keeps to the order of an author's work
        if job.name in wanted and not job.at_desk:
            plans[job.author % day.phones].append((job, 0))
    begin, ends = 0.0, []
    while any(plans.values()):
        end, failed = _round(day, plans, begin)
        ends.append(end)
        plans = _dealt(day, failed, end)
        begin = end
    return Practice(tuple(ends))


def _round(day: Day, plans: dict[int, list[Try]], begin: float) -> tuple[float, list[Try]]:
    """Lets each phone work off its list. Returns when the last one is through, and what failed or was not reached."""
    end, failed = begin, list[Try]()
    for phone, plan in plans.items():
        at, dies = begin, day.deaths.get(phone, float("inf"))
        for job, number in plan:
            if at >= dies:
                failed.append((job, number))
                continue
            seconds, code = day.tries(job)[number]
            at += seconds
            if at > dies:
                at = dies
                failed.append((job, number))
            elif code is not None:
                failed.append((job, number + 1))
        end = max(end, at)
    return end, failed


def _dealt(day: Day, failed: Sequence[Try], at: float) -> dict[int, list[Try]]:
    """Deals what failed: the longest first, each to the phone that is through first."""
    alive = [phone for phone in range(day.phones) if day.deaths.get(phone, float("inf")) > at]
    plans: dict[int, list[Try]] = {phone: [] for phone in alive}
    loads = dict.fromkeys(alive, 0.0)
    for job, number in failed:
        if job.account is not None:
            plans[job.account].append((job, number))
            loads[job.account] += day.tries(job)[number][0]
    line = [(load, phone) for phone, load in loads.items()]
    heapq.heapify(line)
    free = [one for one in failed if one[0].account is None]
    for job, number in sorted(free, key=lambda one: -one[0].seconds):
        load, phone = heapq.heappop(line)
        plans[phone].append((job, number))
        heapq.heappush(line, (load + day.tries(job)[number][0], phone))
    return plans
