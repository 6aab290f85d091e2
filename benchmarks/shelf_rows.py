"""Rows of tasks in memory, and the questions that the ledger answers by its indexes.

The rows have the columns of `models.tables.Task` that decisions read, so the product's own moves
(`models.tasks.transitions`) change them. What stands here in place of SQL is which rows come next, and the counts of
tickets and of what runs. tests/benchmarks/test_shelf.py holds them to the ledger: whole days run alike on both.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from benchmarks.shelf_day import Job
from benchmarks.shelf_ledger import params_of, pin_of
from flows.specs.catalogue import SPECS
from models.tasks.states import State
from models.tasks.transitions import first_state
from models.values.enums import RunsOn
from workers.dispatch.lines import AHEAD_OF_A_PHONE
from workers.dispatch.routing import URGENT_STEP
from workers.policy.content import content_of
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE


@dataclass(slots=True, eq=False)
class Row:
    """A task's row."""

    id: str
    campaign_id: int
    position: int
    flow: str
    runs_on: str
    acts: bool
    priority: int
    not_before: datetime
    state: State
    missing: int
    pinned_account: str | None = None
    video_key: str | None = None
    comment_key: str | None = None
    meant_for: str | None = None
    pinned_phone: str | None = None
    key_id: str | None = None
    sandbox: bool = False
    verifying: bool = False
    paused: bool = False
    capped: bool = False
    countdown: float = 0.0
    attempt: int = 0
    incarnation: str | None = None
    lease_until: datetime | None = None
    account_id: str | None = None
    phone_serial: str | None = None
    step: str | None = None
    waits_for: str | None = None
    held_from: str | None = None
    awaits_approval: bool = False
    rung_at: datetime | None = None
    rung_queue: str | None = None
    rung_step: int | None = None
    ticket: int = 0
    passed_on: int = 0
    tickets_failed: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: Any = None
    failure_code: str | None = None
    failure_kind: str | None = None
    culprit: str | None = None
    reason: str | None = None
    prerequisite_failed: str | None = None
    owes_record: bool | None = None

    @property
    def pinned(self) -> bool:
        return self.pinned_account is not None

    @property
    def again(self) -> bool:
        """True when it runs, and not for the first time."""
        return self.attempt > 1

    @property
    def owed(self) -> bool:
        """True when it is ready and has no ticket."""
        return self.state == State.READY and self.rung_at is None


@dataclass(frozen=True, slots=True)
class Out:
    """A kind of tickets that are out."""

    key_id: str | None
    sandbox: bool
    runs_on: str
    rung_queue: str
    rung_step: int
    pinned: bool
    begun: bool


@dataclass(frozen=True, slots=True)
class Counted(Out):
    """How many there are of a kind."""

    count: int


Entry = tuple[datetime, int, str, int, Row]  # in the order of the index; the number of the ticket that is owed


class Rows:
    """All rows, and where each stands. Whoever changes a row calls `leave` before and `enter` after."""

    def __init__(self) -> None:
        self.by_id: dict[str, Row] = {}
        self.running: dict[str, Row] = {}
        self.lying: dict[str, dict[str, Row]] = {}  # queue → tickets there, by task
        self._out: Counter[Out] = Counter()
        self._lines: dict[tuple[str, int], list[Entry]] = {}  # by place and priority: unpinned and owed
        self._owed: Counter[str] = Counter()  # unpinned and owed, by place
        self._begun: dict[str, Row] = {}  # owed, begun before
        self._pinned: dict[str, dict[str, Row]] = {}  # owed, by account

    def leave(self, row: Row) -> None:
        """Forgets where a row stands."""
        if row.state == State.RUNNING:
            del self.running[row.id]
        elif row.state == State.READY and row.rung_queue is not None:
            self._out[_kind(row)] -= 1
            del self.lying[row.rung_queue][row.id]
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
            self.running[row.id] = row
        elif row.state == State.READY and row.rung_queue is not None:
            self._out[_kind(row)] += 1
            self.lying.setdefault(row.rung_queue, {})[row.id] = row
        elif row.owed:
            if row.attempt:
                self._begun[row.id] = row
            if row.pinned_account is not None:
                self._pinned.setdefault(row.pinned_account, {})[row.id] = row
            else:
                self._owed[row.runs_on] += 1
                line = self._lines.setdefault((row.runs_on, row.priority), [])
                heapq.heappush(line, (row.not_before, row.position, row.id, row.ticket, row))

    def tickets(self) -> list[Counted]:
        """Returns the tickets that are out, counted by kind."""
        return [_counted(kind, count) for kind, count in self._out.items() if count]

    def out(self, runs_on: str) -> int:
        """Returns the number of tickets in the pool, or at the desk."""
        return len(self.lying.get(DESK_QUEUE if runs_on == RunsOn.DESK else POOL_QUEUE, ()))

    def waits(self, runs_on: str) -> bool:
        """Returns whether unpinned tasks have no ticket."""
        return self._owed[runs_on] > 0

    def begun(self, now: datetime, most: int, accounts: Iterator[str] | Any) -> list[Row]:
        """Returns what was begun before, and is due."""
        due = [row for row in self._begun.values() if row.not_before <= now and _placed(row, accounts)]
        return sorted(due, key=lambda row: row.not_before)[:most]

    def first(self, runs_on: str, now: datetime, most: int) -> list[Row]:
        """Returns the first unpinned tasks of each priority that are due."""
        found: list[Row] = []
        for (place, _), line in self._lines.items():
            if place == runs_on:
                found += _first_of(line, now, most)
        return found

    def pinned(self, now: datetime, accounts: Any) -> list[Row]:
        """Returns the first tasks of each account on a working phone that are due."""
        found: list[Row] = []
        for account, rows in self._pinned.items():
            if account in accounts:
                due = sorted((row for row in rows.values() if row.not_before <= now), key=_order)
                found += due[: AHEAD_OF_A_PHONE + 1]
        return found


def _counted(kind: Out, count: int) -> Counted:
    where = kind.key_id, kind.sandbox, kind.runs_on, kind.rung_queue, kind.rung_step
    return Counted(*where, kind.pinned, kind.begun, count)


def _placed(row: Row, accounts: Any) -> bool:
    return row.pinned_account is None or row.pinned_account in accounts


def _first_of(line: list[Entry], now: datetime, most: int) -> list[Row]:
    kept: list[Entry] = []
    while line and len(kept) < most:
        entry = heapq.heappop(line)
        row = entry[-1]
        if not row.owed or row.ticket != entry[3]:
            continue  # it has a ticket, or another line by now
        if entry[0] > now:
            heapq.heappush(line, entry)
            break
        kept.append(entry)
    for entry in kept:
        heapq.heappush(line, entry)
    return [entry[-1] for entry in islice(kept, most)]


def _order(row: Row) -> tuple[int, datetime, int]:
    return row.priority, row.not_before, row.position


def _kind(row: Row) -> Out:
    begun = row.attempt > 0 and row.rung_step == URGENT_STEP
    return Out(row.key_id, row.sandbox, row.runs_on, row.rung_queue or "", row.rung_step or 0, row.pinned, begun)


def row_of(job: Job, campaign: int, position: int, now: datetime) -> Row:
    flow, params = params_of(job)
    spec = SPECS.get(flow)
    missing = len(job.after)
    content = content_of(params)
    return Row(
        id=job.name,
        campaign_id=campaign,
        position=position,
        flow=flow,
        runs_on=str(RunsOn.DESK if spec is None else RunsOn.PHONE),
        acts=bool(spec is not None and spec.acts),
        priority=job.priority,
        not_before=now,
        state=first_state(missing),
        missing=missing,
        pinned_account=pin_of(job),
        video_key=content.video_key,
        comment_key=content.comment_key,
    )
