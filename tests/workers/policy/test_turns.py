"""Customers share the phones: whoever has few tasks waits about as long as alone, whatever the others have waiting.

The simulated day rings every half second with the code that decides in production, and takes tickets as a worker does:
step by step, at each step from the phone's own queue first, in the order in which they came.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pytest

from workers.policy.turns import Candidate, Place, Standing, deal, fair_shares, most_candidates, turns

ROUND = 0.5  # seconds between two rounds of the coordinator
ALONE = 1000


@dataclass(eq=False)
class Job:
    """A task: whose it is, the phone that it is pinned to, its priority, and when it began and ended."""

    name: str
    customer: str
    pin: str | None = None
    priority: int = 6
    ended: float = 0.0
    shared: bool = False  # its ticket is one of its turn

    @property
    def sort(self) -> str:
        return "first" if self.pin else "front" if self.shared else "behind"

    @property
    def step(self) -> int:
        return {"first": 0, "front": 1}.get(self.sort, self.priority)


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

    def ask(self, customer: str, count: int, *, pins: Sequence[str] = (), priority: int = 6) -> list[Job]:
        """Let a customer plant tasks; those with pins go round the phones."""
        made = []
        for number in range(count):
            self.planted += 1
            pin = pins[number % len(pins)] if pins else None
            made.append(Job(f"{customer}{self.planted}", customer, pin, priority))
            self.waiting.setdefault(customer, {}).setdefault(pin, deque()).append(made[-1])
        return made

    def until(self, done: Callable[[], bool]) -> None:
        """Let time pass until it is done."""
        for _ in range(20_000):
            if done():
                return
            self._ring()
            self._work(self.now + ROUND)
            self.now += ROUND
        raise AssertionError("it does not come to an end")

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.now + seconds
        self.until(lambda: self.now >= end)

    def _ring(self) -> None:
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
        candidates = [Candidate(job.name, job.customer, job.pin, priority=job.priority) for job in asked]
        dealt = deal(self.phones, standings, candidates, places, alone=ALONE)
        for name in dealt.tasks:
            job = by_name[name]
            job.shared = name in dealt.in_turn
            self.waiting[job.customer][job.pin].remove(job)
            self.tickets[job.customer, job.sort] += 1
            self.queues.setdefault((job.pin or "pool", job.step), deque()).append(job)

    def _standing(self, name: str) -> Standing:
        owed = self.waiting.get(name, {})
        return Standing(
            self.weights.get(name, 1.0),
            sum(job.customer == name for _, job in self.running.values()),
            self.tickets[name, "first"],
            self.tickets[name, "front"],
            self.tickets[name, "behind"],
            min(self.phones, len(owed.get(None, ()))) + sum(bool(jobs) for pin, jobs in owed.items() if pin),
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
                    end = at + self.seconds()
                    self.started[job.customer] += 1
                    self.running[serial] = end, job
                    heapq.heappush(ends, (end, serial))
            if not ends or ends[0][0] > until:
                return
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


HEAVY: Mapping[str, Callable[[Day], object]] = {
    "pool": lambda day: day.ask("heavy", 10_000),
    "high": lambda day: day.ask("heavy", 10_000, priority=3),
    "pinned to every phone": lambda day: day.ask("heavy", 5000, pins=day.serials),
    "half pinned": lambda day: [day.ask("heavy", 5000, pins=day.serials), day.ask("heavy", 5000)],
}
PHONES = (1, 2, 8, 10, 25)


def times_as_long(heavy: str, phones: int, seconds: Callable[[], float]) -> float:
    """How many times as long ten tasks take beside ten thousand as alone."""
    alone = Day(phones, seconds)
    by_itself = wait_of(alone, alone.ask("light", 10))
    day = Day(phones, seconds)
    HEAVY[heavy](day)
    day.run(45)
    return wait_of(day, day.ask("light", 10)) / by_itself


@pytest.mark.parametrize("heavy", HEAVY)
@pytest.mark.parametrize("phones", PHONES)
def test_ten_tasks_beside_ten_thousand_wait_no_longer_than_three_times_what_they_wait_alone(
    phones: int, heavy: str
) -> None:
    assert times_as_long(heavy, phones, steady(30)) <= 3


@pytest.mark.parametrize("heavy", HEAVY)
def test_so_they_do_on_average_when_no_task_takes_as_long_as_the_other(heavy: str) -> None:
    ratios = [times_as_long(heavy, 10, drawn(seed)) for seed in range(3)]
    assert sum(ratios) / len(ratios) <= 3


def started_in(day: Day, seconds: float) -> Counter[str]:
    before = Counter(day.started)
    day.run(seconds)
    return day.started - before


@pytest.mark.parametrize("heavy", HEAVY)
@pytest.mark.parametrize("phones", [1, 6])
def test_two_that_both_have_many_start_as_many(phones: int, heavy: str) -> None:
    day = Day(phones, drawn(3))
    HEAVY[heavy](day)
    day.run(60)
    day.ask("other", 600)
    day.run(120)
    started = started_in(day, 1500)
    assert 0.35 <= started["other"] / started.total() <= 0.65


def test_a_customer_of_twice_the_weight_starts_twice_as_many() -> None:
    day = Day(12, drawn(5), {"large": 2.0})
    for name in ("large", "small"):
        day.ask(name, 3000)
    day.run(120)
    started = started_in(day, 1500)
    assert 1.6 <= started["large"] / started["small"] <= 2.5


def test_what_nobody_else_wants_is_one_customers_and_no_phone_idles() -> None:
    day = Day(10, steady(30))
    day.ask("pinned", 500, pins=["p0"])
    day.ask("pool", 3000)
    day.run(120)
    started = started_in(day, 1800)
    assert started.total() >= 0.95 * 10 * 1800 / 30
    assert started["pinned"] >= 0.4 * 1800 / 30, "its one phone is shared with the pool's customer at most"


def test_two_that_want_the_same_phone_take_turns() -> None:
    day = Day(3, steady(10))
    day.ask("heavy", 1000, pins=["p1"])
    day.run(35)
    light = day.ask("light", 5, pins=["p1"])
    assert wait_of(day, light) <= 3 * 5 * 10


@pytest.mark.parametrize(
    ("slots", "wants", "weights", "shares"),
    [
        (10, {"a": 5, "b": 3}, {}, {"a": 5, "b": 3}),
        (10, {"a": 100, "b": 2}, {}, {"a": 8, "b": 2}),
        (10, {"a": 100, "b": 100}, {}, {"a": 5, "b": 5}),
        (9, {"a": 100, "b": 100}, {"a": 2}, {"a": 6, "b": 3}),
        (9, {"a": 100, "b": 100, "c": 1}, {}, {"a": 4, "b": 4, "c": 1}),
        (1, {"a": 100, "b": 100}, {}, {"a": 0.5, "b": 0.5}),
        (10, {}, {}, {}),
    ],
)
def test_shares_are_fair(
    slots: int, wants: Mapping[str, int], weights: Mapping[str, float], shares: Mapping[str, float]
) -> None:
    standings = {name: Standing(weights.get(name, 1.0), waiting=count) for name, count in wants.items()}
    assert fair_shares(slots, standings) == pytest.approx(shares)


def test_a_customer_alone_has_all_the_tickets_that_there_are() -> None:
    assert turns(4, {"a": Standing(running=4, waiting=900)}, alone=1000)["a"].more == 1000
    assert not turns(4, {"a": Standing(waiting=9), "b": Standing(running=4)}, alone=1000)["a"].shared


def test_what_is_sure_gets_its_ticket_in_any_case() -> None:
    full = {"a": Standing(running=9, front=9, waiting=9), "b": Standing(waiting=9)}
    dealt = deal(4, full, [Candidate("one", "a", sure=True), Candidate("two", "a")], {}, alone=1000)
    assert dealt.tasks == ["one"]
