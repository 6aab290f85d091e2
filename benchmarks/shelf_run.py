"""Runs a drawn day by a simulated clock: phones that take tickets, a coordinator that rings, deaths as they come.

Everything that is decided is decided by a `Fleet`: `shelf_ledger` is the product itself over a ledger, `shelf_model`
the same decisions without one. What is simulated here is what surrounds them: Redis' queues, in the order in which
workers are served from them; the seconds that tasks take; the time that a claim, a record and the news of a death take.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from benchmarks.shelf_clock import Clock
from benchmarks.shelf_day import Day, Job
from workers.dispatch.tickets import STEPS, Ticket
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

ROUND = 0.5  # seconds between two rounds of the coordinator's janitor `ring`
BEAT = 1.0  # between two messages of a host, which tell its workers whether they serve the pool
CLAIM = 0.01  # from a ticket to the flow's start: docs/benchmarks.md, Dispatch
RECORD = 0.05  # from a flow's end to its worker's next ticket
NEWS_OF_A_DEATH = 2.0  # until the task of a phone that died is ready again: docs/benchmarks.md, Takeover
MOST_TIMES = 20  # times its bound that a day may take before something is wrong

PHONE_DIES, ENDS, FREE, RINGS, BEATS, BURIED, ARRIVES = range(7)


@dataclass(frozen=True, slots=True)
class Taken:
    """A claimed task."""

    task_id: str


class Fleet(Protocol):
    """What decides. Phones are called by their numbers; DESK is a worker at the desk."""

    def ring(self, task_ids: Sequence[str] | None) -> Sequence[Ticket]:
        """Rings these tasks, as a worker does, or all that are owed a ticket, as the coordinator does."""

    def claim(self, phone: int, ticket: Ticket) -> Taken | Ticket | None:
        """Claims a ticket's task for a phone. Returns the ticket in its place when it was passed on."""

    def succeed(self, phone: int) -> Sequence[str]:
        """Records that a phone's task succeeded. Returns the tasks that are ready."""

    def fail(self, phone: int, code: str) -> Sequence[str]:
        """Records that it failed."""

    def die(self, phone: int) -> Sequence[str]:
        """Records that a phone is gone, and its task lost."""

    def serve_pool(self) -> set[int]:
        """Returns the phones that may take work from the pool."""


DESK = -1


@dataclass(slots=True)
class Outcome:
    """What came of a day. `ends`: job → its second; `starts`: who began what when, in order."""

    ends: dict[str, float] = field(default_factory=dict)
    starts: list[tuple[float, int, str]] = field(default_factory=list)
    busy: float = 0.0
    rounds: int = 0
    passed_on: int = 0
    refused: int = 0

    def makespan(self, day: Day) -> float:
        """Returns the second in which the last task ended that can be done whatever happens."""
        return max(self.ends[job.name] for job in day.to_do)


class Run:
    """One day under one fleet."""

    def __init__(self, day: Day, fleet: Fleet, clock: Clock, limit: float) -> None:
        self._day, self._fleet, self._clock = day, fleet, clock
        self._limit = limit * MOST_TIMES
        self._jobs: dict[str, Job] = {job.name: job for job in day.jobs}
        self._left = {job.name for job in day.to_do}
        self._failed: dict[str, int] = {}
        self._order = count()
        self._events: list[tuple[float, int, int, int, Ticket | None]] = []
        self._queues: dict[tuple[str, int], deque[Ticket]] = {}
        self._tickets: dict[str, int] = {}  # in each queue
        self._running: dict[int, tuple[str, float]] = {}
        self._idle: dict[int, int] = {}  # by the order in which they began to wait, as Redis serves them
        self._own = {phone: DESK_QUEUE if phone == DESK else _own(phone) for phone in (DESK, *range(day.phones))}
        self._of_queue = {queue: phone for phone, queue in self._own.items()}
        self._alive = {*range(day.phones), DESK}
        self._pool = set(range(day.phones))
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Lets the day pass. Raises RuntimeError when it does not come to an end."""
        for phone in (DESK, *range(self._day.phones)):
            self._idle[phone] = next(self._order)
        for phone, at in self._day.deaths.items():
            self._at(at, PHONE_DIES, phone)
        self._at(0.0, RINGS)
        self._at(BEAT, BEATS)
        while self._left:
            at, _, what, phone, ticket = heapq.heappop(self._events)
            if at > self._limit:
                raise RuntimeError(f"{len(self._left)} tasks are left after {at:.0f} s: {sorted(self._left)[:5]}")
            self._clock.at = at
            self._pass(what, phone, ticket)
        return self.outcome

    def _at(self, at: float, what: int, phone: int = DESK, ticket: Ticket | None = None) -> None:
        heapq.heappush(self._events, (at, next(self._order), what, phone, ticket))

    def _pass(self, what: int, phone: int, ticket: Ticket | None) -> None:
        now = self._clock.at
        if what == RINGS:
            self.outcome.rounds += 1
            self._put(self._fleet.ring(None))
            self._at(now + ROUND, RINGS)
        elif what == BEATS:
            self._pool = self._fleet.serve_pool()
            self._at(now + BEAT, BEATS)
            self._serve()
        elif what == PHONE_DIES:
            self._alive.discard(phone)
            self._idle.pop(phone, None)
            begun = self._running.pop(phone, None)
            self.outcome.busy += now - begun[1] if begun else 0.0
            self._at(now + NEWS_OF_A_DEATH, BURIED, phone)
        elif what == BURIED:
            self._pool.discard(phone)
            self._tickets.pop(self._own[phone], None)
            for step in STEPS:
                self._queues.pop((self._own[phone], step), None)
            self._ring_ready(self._fleet.die(phone))
        elif what == ARRIVES:
            self._put([ticket] if ticket else [])
        elif what == ENDS and phone in self._alive:
            self._end(phone)
        elif what == FREE and phone in self._alive:
            self._idle[phone] = next(self._order)
            self._serve()

    def _end(self, phone: int) -> None:
        name, begun = self._running.pop(phone)
        now = self._clock.at
        self.outcome.busy += now - begun if phone != DESK else 0.0
        _, code = self._day.tries(self._jobs[name])[self._failed.get(name, 0)]
        if code is None:
            ready = self._fleet.succeed(phone)
            self.outcome.ends[name] = now
            self._left.discard(name)
        else:
            self._failed[name] = self._failed.get(name, 0) + 1
            ready = self._fleet.fail(phone, code)
        self._ring_ready(ready)
        self._at(now + RECORD, FREE, phone)

    def _ring_ready(self, ready: Sequence[str]) -> None:
        if ready:
            self._put(self._fleet.ring(ready))

    def _put(self, tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            step = STEPS[bisect_right(STEPS, ticket.priority) - 1]
            self._queues.setdefault((ticket.queue, step), deque()).append(ticket)
            self._tickets[ticket.queue] = self._tickets.get(ticket.queue, 0) + 1
        if tickets:
            self._serve()

    def _serve(self) -> None:
        """Gives tickets to those who wait, the first one first."""
        for phone in self._who_is_served():
            if not self._tickets:
                return
            ticket = self._next(phone)
            if ticket is not None:
                del self._idle[phone]
                self._take(phone, ticket)

    def _who_is_served(self) -> Iterator[int]:
        """Yields those for whom there may be a ticket: at the end of a day thousands wait, for few tickets."""
        if len(self._idle) <= len(self._tickets):
            yield from list(self._idle)
            return
        own = {self._of_queue[queue] for queue in self._tickets if self._of_queue.get(queue) in self._idle}
        for phone in list(self._idle) if POOL_QUEUE in self._tickets else ():
            if POOL_QUEUE not in self._tickets:
                break
            own.discard(phone)
            yield phone
        yield from sorted(own, key=self._idle.__getitem__)

    def _next(self, phone: int) -> Ticket | None:
        own = self._own[phone]
        served = (own, POOL_QUEUE) if phone in self._pool else (own,)
        here = [name for name in served if name in self._tickets]
        for step in STEPS if here else ():
            for name in here:
                queue = self._queues.get((name, step))
                if queue:
                    self._tickets[name] -= 1
                    if not self._tickets[name]:
                        del self._tickets[name]
                    return queue.popleft()
        return None

    def _take(self, phone: int, ticket: Ticket) -> None:
        got = self._fleet.claim(phone, ticket)
        now = self._clock.at
        if isinstance(got, Taken):
            seconds, _ = self._day.tries(self._jobs[got.task_id])[self._failed.get(got.task_id, 0)]
            self.outcome.starts.append((now, phone, got.task_id))
            self._running[phone] = got.task_id, now + CLAIM
            self._at(now + CLAIM + seconds, ENDS, phone)
            return
        if isinstance(got, Ticket):
            self.outcome.passed_on += 1
            self._at(now + CLAIM, ARRIVES, phone, got)
        else:
            self.outcome.refused += 1
        self._at(now + CLAIM, FREE, phone)


def _own(phone: int) -> str:
    return phone_queue(serial_of(phone))


def serial_of(phone: int) -> str:
    """Returns the serial of a phone of this number."""
    return f"p{phone:05d}"


def account_of(number: int) -> str:
    """Returns the account on it."""
    return f"a{number:05d}"
