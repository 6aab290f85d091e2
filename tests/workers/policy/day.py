"""A simulated day of phones and customers, for the tests of turns.

It rings every half second with the code that decides in production, and takes tickets as a worker does: step by step,
at each step from the phone's own queue first, in the order in which they came. Where nothing moved since a round that
dealt nothing, the pure decision would be the same again, so the round is left out.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from workers.policy.turns import Candidate, Place, Standing, deal, most_candidates

ROUND = 0.5  # seconds between two rounds of the coordinator
ALONE = 1000


@dataclass(eq=False, slots=True)
class Job:
    """A task: whose it is, the phone that it is pinned to, its priority, and when it ended.

    `begun`: it ran before, and its customer paused and resumed it.
    """

    name: str
    customer: str
    pin: str | None = None
    priority: int = 6
    ended: float = 0.0
    shared: bool = False  # its ticket is one of its turn
    begun: bool = False
    hurried: bool = True

    @property
    def sort(self) -> str:
        if self.pin or self.shared:
            return "first" if self.pin else "front"
        return "begun" if self.begun and self.hurried else "behind"

    @property
    def step(self) -> int:
        return {"first": 0, "begun": 0, "front": 1}.get(self.sort, self.priority)


@dataclass
class Day:
    """A simulated fleet with a simulated clock."""

    phones: int
    seconds: Callable[[], float]
    weights: Mapping[str, float] = field(default_factory=dict)
    waiting: dict[str, dict[str | None, deque[Job]]] = field(default_factory=dict)  # by customer and pin
    queues: dict[tuple[str, int], deque[Job]] = field(default_factory=dict)
    running: dict[str, tuple[float, Job]] = field(default_factory=dict)
    tickets: Counter[tuple[str, str]] = field(default_factory=Counter)  # of a customer, by sort
    now: float = 0.0
    planted: int = 0
    started: Counter[str] = field(default_factory=Counter)
    each_round: Callable[[], object] = lambda: None
    moved: bool = True  # since the last round: asked, paused, started or ended

    def ask(
        self, customer: str, count: int, *, pins: Sequence[str] = (), priority: int = 6, begun: bool = False
    ) -> list[Job]:
        """Let a customer plant tasks; those with pins go round the phones."""
        made = []
        self.moved = True
        for number in range(count):
            self.planted += 1
            pin = pins[number % len(pins)] if pins else None
            made.append(Job(f"{customer}{self.planted}", customer, pin, priority, begun=begun))
            self.waiting.setdefault(customer, {}).setdefault(pin, deque()).append(made[-1])
        return made

    def pause_and_resume(self, customer: str) -> None:
        """Let a customer take back all its tickets, and let what runs leave its phone; it is begun then."""
        self.moved = True
        stopped = [serial for serial, (_, job) in self.running.items() if job.customer == customer]
        for serial in stopped:
            _, job = self.running.pop(serial)
            job.begun, job.shared = True, False
            self.waiting[customer].setdefault(job.pin, deque()).appendleft(job)
        for queue in self.queues.values():
            for job in [job for job in queue if job.customer == customer]:
                queue.remove(job)
                self.tickets[customer, job.sort] -= 1
                job.shared, job.hurried = False, True
                self.waiting[customer].setdefault(job.pin, deque()).appendleft(job)

    def until(self, done: Callable[[], bool]) -> None:
        """Let time pass until it is done."""
        for _ in range(20_000):
            if done():
                return
            self.each_round()
            if self.moved:
                self.moved = self._ring()
            self._work(self.now + ROUND)
            self.now += ROUND
        raise AssertionError("it does not come to an end")

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.now + seconds
        self.until(lambda: self.now >= end)

    def _ring(self) -> bool:
        """Deal; whether anybody got a ticket."""
        names = [name for name, owed in self.waiting.items() if any(owed.values())]
        present = {*names, *(job.customer for _, job in self.running.values()), *(who for who, _ in +self.tickets)}
        standings = {name: self._standing(name) for name in present}
        places = {one: Place(1 - len(self.queues.get((one, 0), ())), self._on(one)) for one in self.serials}
        out = sum(count for (_, sort), count in self.tickets.items() if sort != "first")
        most = most_candidates(len(names), self.phones, out, ALONE)
        asked = [
            job
            for name in names
            for pin, owed in self.waiting[name].items()
            for job in islice(owed, 2 if pin else most)
        ]
        by_name = {job.name: job for job in asked}
        candidates = [Candidate(job.name, job.customer, job.pin, job.begun, priority=job.priority) for job in asked]
        dealt = deal(self.phones, standings, candidates, places, alone=ALONE)
        for name in dealt.tasks:
            job = by_name[name]
            job.shared = name in dealt.in_turn
            job.hurried = name not in dealt.unhurried
            self.waiting[job.customer][job.pin].remove(job)
            self.tickets[job.customer, job.sort] += 1
            self.queues.setdefault((job.pin or "pool", job.step), deque()).append(job)
        return bool(dealt.tasks)

    def _standing(self, name: str) -> Standing:
        owed = self.waiting.get(name, {})
        return Standing(
            self.weights.get(name, 1.0),
            sum(job.customer == name for _, job in self.running.values()),
            self.tickets[name, "first"] + self.tickets[name, "begun"],
            self.tickets[name, "front"],
            self.tickets[name, "behind"],
            min(self.phones, len(owed.get(None, ()))) + sum(bool(jobs) for pin, jobs in owed.items() if pin),
            self.tickets[name, "begun"],
            again=sum(job.customer == name and job.begun for _, job in self.running.values()),
        )

    @property
    def serials(self) -> list[str]:
        return [f"p{number}" for number in range(self.phones)]

    def _on(self, serial: str) -> str | None:
        return self.running[serial][1].customer if serial in self.running else None

    def _work(self, until: float) -> None:
        at = self.now
        free = [serial for serial in self.serials if serial not in self.running]
        ends = [(end, serial) for serial, (end, _) in self.running.items()]
        heapq.heapify(ends)
        while True:
            for serial in free:
                job = self._next(serial)
                if job is not None:
                    self.moved, end = True, at + self.seconds()
                    self.started[job.customer] += 1
                    self.running[serial] = end, job
                    heapq.heappush(ends, (end, serial))
            if not ends or ends[0][0] > until:
                return
            self.moved = True
            at, serial = heapq.heappop(ends)
            self.running.pop(serial)[1].ended = at
            free = [serial]

    def _next(self, serial: str) -> Job | None:
        for step in (0, 1, 3, 6, 9):
            for place in (serial, "pool"):
                queue = self.queues.get((place, step))
                if queue:
                    job = queue.popleft()
                    self.tickets[job.customer, job.sort] -= 1
                    return job
        return None


def steady(seconds: float) -> Callable[[], float]:
    return lambda: seconds


def drawn(seed: int) -> Callable[[], float]:
    rng = random.Random(seed)
    return lambda: rng.uniform(20, 60)


def all_done(jobs: Sequence[Job]) -> Callable[[], bool]:
    return lambda: all(job.ended for job in jobs)


def wait_of(day: Day, jobs: Sequence[Job]) -> float:
    begun = day.now
    day.until(all_done(jobs))
    return max(job.ended for job in jobs) - begun


def started_in(day: Day, seconds: float) -> Counter[str]:
    """How many tasks of each customer start in so much time."""
    before = Counter(day.started)
    day.run(seconds)
    return day.started - before
