"""The questions that the ledger answers by its indexes: which rows come next, what is out, and what runs.

The answers are kept as rows come and go, so that none costs more with more tasks. tests/benchmarks/test_shelf_counts.py
holds them to a full count of all rows, tests/benchmarks/test_shelf.py to the ledger: whole days run alike on both.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections import Counter
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from benchmarks.shelf_rows import Row
from models.tasks.states import State
from models.values.enums import RunsOn
from workers.dispatch.lines import AHEAD_OF_A_PHONE, AtPhones
from workers.dispatch.routing import URGENT_STEP
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

SHARED_QUEUES = (POOL_QUEUE, DESK_QUEUE)


@dataclass(frozen=True, slots=True)
class Ran:
    """A kind of tasks that run."""

    key_id: str | None
    sandbox: bool
    runs_on: str
    again: bool


@dataclass(frozen=True, slots=True)
class Running(Ran):
    """How many of a kind run."""

    count: int


@dataclass(frozen=True, slots=True)
class Out:
    """A kind of tickets that are out."""

    key_id: str | None
    sandbox: bool
    runs_on: str
    of_one_phone: bool
    rung_step: int
    pinned: bool
    begun: bool


@dataclass(frozen=True, slots=True)
class Counted(Out):
    """How many there are of a kind."""

    count: int


Entry = tuple[datetime, int, str, int, Row]  # in the order of the index; the number of the ticket that is owed


class Line:
    """Rows of one place and priority that are owed a ticket, in order. Those that got one are left out when met."""

    def __init__(self) -> None:
        self._front: list[Entry] = []  # in order, and before all others
        self._rest: list[Entry] = []  # a heap

    def add(self, row: Row) -> None:
        """Adds a row."""
        entry = row.not_before, row.position, row.id, row.ticket, row
        if self._front and entry[:3] < self._front[-1][:3]:
            insort(self._front, entry, key=lambda one: one[:3])
        else:
            heapq.heappush(self._rest, entry)

    def first(self, now: datetime, most: int) -> list[Row]:
        """Returns the first rows that are due, so many at most."""
        self._front = [entry for entry in self._front if _stands(entry)]
        while self._rest and len(self._front) < most and self._rest[0][0] <= now:
            entry = heapq.heappop(self._rest)
            if _stands(entry):
                self._front.append(entry)
        return [entry[-1] for entry in self._front[:most] if entry[0] <= now]


class Rows:
    """All rows, and where each stands. Whoever changes a row calls `leave` before and `enter` after."""

    def __init__(self) -> None:
        self.by_id: dict[str, Row] = {}
        self.lying: dict[str, dict[str, Row]] = {}  # queue → tickets there, by task
        self._running: Counter[Ran] = Counter()
        self._on: dict[str, str | None] = {}  # phone → key of what runs there
        self._out: Counter[Out] = Counter()
        self._passed: dict[str, Row] = {}  # unpinned, begun or reading only, with a ticket in a phone's own queue
        self._pins: Counter[str] = Counter()  # tickets of pinned tasks, by queue
        self._lines: dict[tuple[str, int], Line] = {}  # by place and priority: unpinned and owed
        self._owed: Counter[str] = Counter()  # unpinned and owed, by place
        self._begun: dict[str, Row] = {}  # owed, begun before
        self._pinned: dict[str, dict[str, Row]] = {}  # owed, by account

    def leave(self, row: Row) -> None:
        """Forgets where a row stands."""
        if row.state == State.RUNNING:
            self._running[_ran(row)] -= 1
            if row.phone_serial is not None:
                del self._on[row.phone_serial]
        elif row.state == State.READY and row.rung_queue is not None:
            self._count_out(row, row.rung_queue, -1)
        elif row.owed:
            self._begun.pop(row.id, None)
            if row.pinned_account is not None:
                self._pinned[row.pinned_account].pop(row.id)
                if not self._pinned[row.pinned_account]:
                    del self._pinned[row.pinned_account]
            else:
                self._owed[row.runs_on] -= 1

    def enter(self, row: Row) -> None:
        """Notes where a row stands."""
        if row.state == State.RUNNING:
            self._running[_ran(row)] += 1
            if row.phone_serial is not None:
                self._on[row.phone_serial] = row.key_id
        elif row.state == State.READY and row.rung_queue is not None:
            self._count_out(row, row.rung_queue, 1)
        elif row.owed:
            if row.attempt:
                self._begun[row.id] = row
            if row.pinned_account is not None:
                self._pinned.setdefault(row.pinned_account, {})[row.id] = row
            else:
                self._owed[row.runs_on] += 1
                self._lines.setdefault((row.runs_on, row.priority), Line()).add(row)

    def _count_out(self, row: Row, queue: str, more: int) -> None:
        self._out[_kind(row, queue)] += more
        self._pins[queue] += more if row.pinned else 0
        there = self.lying.setdefault(queue, {})
        passed = (row.attempt > 0 or not row.acts) and not row.pinned and queue not in SHARED_QUEUES
        for found in (there, self._passed) if passed else (there,):
            if more > 0:
                found[row.id] = row
            else:
                del found[row.id]
        if not there:
            del self.lying[queue]

    def tickets(self) -> list[Counted]:
        """Returns the tickets that are out, counted by kind."""
        return [_counted(kind, count) for kind, count in self._out.items() if count]

    def running(self) -> list[Running]:
        """Returns what runs, counted by kind."""
        found = self._running.items()
        return [Running(kind.key_id, kind.sandbox, kind.runs_on, kind.again, count) for kind, count in found if count]

    def at(self, serials: Collection[str]) -> AtPhones:
        """Returns what is at these phones."""
        lying = {serial: self._pins[phone_queue(serial)] for serial in serials}
        return AtPhones(lying, {serial: self._on[serial] for serial in serials if serial in self._on})

    def out(self, runs_on: str) -> int:
        """Returns the number of tickets in the pool, or at the desk."""
        return len(self.lying.get(DESK_QUEUE if runs_on == RunsOn.DESK else POOL_QUEUE, ()))

    def waits(self, runs_on: str) -> int:
        """Returns how many unpinned tasks have no ticket."""
        return self._owed[runs_on]

    def stranded(self, served: Set[str], before: datetime) -> list[Row]:
        """Returns the tickets in queues that nobody serves, and those passed on before this moment and not claimed."""
        late = (row for row in self._passed.values() if row.rung_at is not None and row.rung_at < before)
        unserved = (row for queue in sorted(self.lying.keys() - served) for row in self.lying[queue].values())
        return list({row.id: row for rows in (late, unserved) for row in rows}.values())

    def begun(self, now: datetime, most: int, accounts: Mapping[str, str]) -> list[Row]:
        """Returns what was begun before, and is due."""
        due = [row for row in self._begun.values() if row.not_before <= now and _placed(row, accounts)]
        return sorted(due, key=lambda row: row.not_before)[:most]

    def first(self, runs_on: str, now: datetime, most: int) -> list[Row]:
        """Returns the first unpinned tasks of each priority that are due."""
        return [row for (place, _), line in self._lines.items() if place == runs_on for row in line.first(now, most)]

    def pinned(self, now: datetime, accounts: Mapping[str, str]) -> list[Row]:
        """Returns the first tasks of each account on a working phone that are due."""
        found: list[Row] = []
        for account, rows in self._pinned.items():
            if account in accounts:
                due = sorted((row for row in rows.values() if row.not_before <= now), key=_order)
                found += due[: AHEAD_OF_A_PHONE + 1]
        return found


def _counted(kind: Out, count: int) -> Counted:
    where = kind.key_id, kind.sandbox, kind.runs_on, kind.of_one_phone, kind.rung_step
    return Counted(*where, kind.pinned, kind.begun, count)


def _placed(row: Row, accounts: Mapping[str, str]) -> bool:
    return row.pinned_account is None or row.pinned_account in accounts


def _stands(entry: Entry) -> bool:
    """Returns whether a row is still owed this ticket; it may have got it, or stand in another place by now."""
    row = entry[-1]
    return row.owed and row.ticket == entry[3]


def _order(row: Row) -> tuple[int, datetime, int]:
    return row.priority, row.not_before, row.position


def _ran(row: Row) -> Ran:
    return Ran(row.key_id, row.sandbox, row.runs_on, row.again)


def _kind(row: Row, queue: str) -> Out:
    begun, one_phones = row.attempt > 0 and row.rung_step == URGENT_STEP, queue not in SHARED_QUEUES
    return Out(row.key_id, row.sandbox, row.runs_on, one_phones, row.rung_step or 0, row.pinned, begun)
