"""The same decisions as the product's without a ledger, for more phones than statements could be asked for.

Which tasks get tickets (`deal_lines`), where they go (`route_for`), who takes them (`assign_by_rules`), what follows a
failure (`decide_retry`), when a phone rests (`quarantine_after`), how the even share is planned (`spread`), and each
move of a row are the product's own functions. In the place of its statements are `shelf_counts` and the counts below.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, cast

from benchmarks.shelf_clock import Clock
from benchmarks.shelf_counts import Rows
from benchmarks.shelf_day import Day, Job
from benchmarks.shelf_ledger import APART, LEASE, passed_on
from benchmarks.shelf_phones import ModelPhones
from benchmarks.shelf_rows import Row, row_of
from benchmarks.shelf_run import DESK, Taken, account_of, serial_of
from benchmarks.shelf_usual import Knows, usual_of
from models.responsible_use.caps import Caps
from models.tables import Task
from models.tasks.states import State
from models.tasks.transitions import (
    TaskEnd,
    back_to_ready,
    end,
    has_ticket,
    make_ready,
    owe_ticket,
    pass_ticket_on,
    rung,
    spend_ticket,
    take,
)
from models.values.enums import RunsOn
from workers.attempts.claim import ELSEWHERE, NO_PAUSE, NOBODY, PASSES, NotMine
from workers.dispatch.customers import OPERATOR, Customers
from workers.dispatch.lines import lines_of, pinned_to
from workers.dispatch.ring import PASSED_ON, deal_lines, most_alone, slots_of, step_of
from workers.dispatch.routing import WorkingPhones, route_for, ticket_priority
from workers.dispatch.tickets import TURN_STEP, Ticket
from workers.policy.assignment import Claimed, assign_by_rules
from workers.policy.blame import Try, quarantine_after
from workers.policy.eligibility import Assignment, Candidate, CapRoom, FairShare, PlannedAccount
from workers.policy.fair_share import spread
from workers.policy.longest_first import last_of, order_of
from workers.policy.retry import PriorAttempt, decide_retry
from workers.policy.turns import most_candidates
from workers.runtime.worker_identity import phone_queue


class ModelFleet:
    """The fleet of `shelf_run` without a ledger."""

    def __init__(self, clock: Clock, day: Day, knows: Knows = Knows.RECORDS) -> None:
        self._clock, self._chance = clock, random.Random(day.seed)
        self._customers = Customers([], 1)
        self._rows = Rows()
        self._phones = ModelPhones(clock, day.phones)
        self._usual = usual_of(day, knows)
        self._runs: dict[int, Row] = {}
        self._began: dict[str, datetime] = {}  # of the last attempt at a task
        self._past: dict[str, list[PriorAttempt]] = {}
        self._after: dict[str, list[str]] = {}
        self._on_video: dict[tuple[int, str], list[Row]] = {}
        self._tasks: Counter[tuple[int, str]] = Counter()  # of a campaign and flow
        self._taken: dict[tuple[int, str], Counter[str]] = {}
        accounts = [account_of(phone) for phone in range(day.phones)]
        for campaign, jobs in groupby(day.jobs, key=lambda job: job.campaign):
            clock.at = campaign * APART
            self._plant(campaign, list(jobs), day.seed + campaign, accounts)
        clock.at = 0.0

    def _plant(self, campaign: int, jobs: Sequence[Job], seed: int, accounts: Sequence[str]) -> None:
        rows = [row_of(job, campaign, position, self._clock.now) for position, job in enumerate(jobs)]
        shared = [row for row in rows if row.acts and not row.pinned and row.video_key is not None]
        videos = [row.video_key or "" for row in shared]
        plan = spread(videos, accounts, {}, Caps().accounts_per_video, seed=seed)
        for row, account in zip(shared, plan, strict=True):
            row.meant_for = account
        for row, job in zip(rows, jobs, strict=True):
            self._rows.by_id[row.id] = row
            self._rows.enter(row)
            self._tasks[campaign, row.flow] += 1
            for before in job.after:
                self._after.setdefault(before, []).append(row.id)
            if row.acts and not row.pinned and row.video_key is not None:
                self._on_video.setdefault((campaign, row.video_key), []).append(row)

    def ring(self, task_ids: Sequence[str] | None) -> Sequence[Ticket]:
        now, working = self._clock.now, self._phones.working
        if task_ids is None:
            self._owe(self._rows.stranded(self._phones.served, now - PASSED_ON))
            rows, last = self._next(working, now)
        else:
            last = {}
            rows = [row for row in map(self._rows.by_id.__getitem__, task_ids) if row.owed and row.not_before <= now]
        also = [OPERATOR] if task_ids is not None and self._rows.waits(RunsOn.PHONE) else []
        out, running, at = self._rows.tickets(), self._rows.running(), self._rows.at(pinned_to(rows, working))
        dealt = deal_lines(lines_of(rows, out, running, at, self._customers, working, also, last))
        tickets: list[Ticket] = []
        for name in dealt.tasks:
            row = self._rows.by_id[name]
            route = route_for(row.runs_on, row.pinned_account, row.pinned_phone, working)
            if route.queue is None or not (row.owed and row.not_before <= now):
                continue
            step = step_of(_task(row), dealt)
            self._rows.leave(row)
            for column, value in rung(route.queue, step, now).items():
                setattr(row, column, value)
            self._rows.enter(row)
            tickets.append(Ticket(row.id, row.flow, route.queue, step, number=row.ticket))
        return tickets

    def _next(self, working: WorkingPhones, now: datetime) -> tuple[list[Row], Mapping[str, float]]:
        rows, slots, alone = self._rows, slots_of(working), most_alone()
        found = rows.begun(now, alone[RunsOn.PHONE], working.accounts)
        last: Mapping[str, float] = {}
        for runs_on in (str(RunsOn.DESK), str(RunsOn.PHONE)):
            most, few = most_candidates(1, slots[runs_on], rows.out(runs_on), alone[runs_on]), last_of(slots[runs_on])
            if runs_on == RunsOn.PHONE and rows.waits(runs_on) <= few:
                waiting = rows.first(runs_on, now, few)
                last = self._usual.of(waiting)
                found += sorted(waiting, key=lambda row: order_of(row, last))[:most]
            elif rows.waits(runs_on):
                found += rows.first(runs_on, now, most)
        found += rows.pinned(now, working.accounts)
        return list({row.id: row for row in found}.values()), last

    def _owe(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows.leave(row)
            owe_ticket(_task(row))
            self._rows.enter(row)

    def claim(self, phone: int, ticket: Ticket) -> Taken | Ticket | None:
        row, now = self._rows.by_id[ticket.task_id], self._clock.now
        if row.state != State.READY or not has_ticket(_task(row), ticket.number, ticket.priority):
            return None
        self._rows.leave(row)
        try:
            if row.not_before > now:
                self._wait(row, NO_PAUSE)
                return None
            verdict = Assignment(take=True) if phone == DESK else self._assign(row, phone)
            return self._take(row, phone) if verdict.take else self._not_for(row, verdict, ticket)
        finally:
            self._rows.enter(row)

    def _wait(self, row: Row, pause: timedelta) -> None:
        spend_ticket(_task(row), self._clock.now + pause, "it waits")

    def _assign(self, row: Row, phone: int) -> Assignment:
        """As workers.attempts.assignment: a first attempt at an unpinned reading task needs no look at the fleet."""
        if not row.acts and not row.pinned and row.attempt == 0 and not self._phones.rests(phone):
            return Assignment(take=True)
        claimed = Claimed(row.id, row.acts, row.attempt, row.pinned_account, row.pinned_phone, row.sandbox)
        me = Candidate(serial_of(phone), account_of(phone))
        verdict = assign_by_rules(claimed, me, _Facts(self, row))
        if verdict.swap:
            other = next(one for one in self.swappable(row) if one.meant_for == me.account_id)
            other.meant_for, row.meant_for = row.meant_for, me.account_id
        return verdict

    def swappable(self, row: Row) -> list[Row]:
        """Returns the tasks on the same video that nobody runs yet, by position."""
        there = self._on_video[row.campaign_id, row.video_key or ""]
        return [one for one in there if one is not row and one.state in (State.READY, State.WAITING)]

    def _not_for(self, row: Row, verdict: Assignment, ticket: Ticket) -> Ticket | None:
        if verdict.pass_to is None or row.passed_on == PASSES:
            self._wait(row, NOBODY if verdict.pass_to is None else ELSEWHERE)
            return None
        pass_ticket_on(_task(row), phone_queue(verdict.pass_to), self._clock.now)
        step = TURN_STEP if ticket.priority == TURN_STEP else ticket_priority(_task(row))
        return passed_on(row.id, NotMine("", verdict.pass_to, row.flow, step, number=row.ticket), verdict.pass_to)

    def _take(self, row: Row, phone: int) -> Taken:
        now, at_desk = self._clock.now, phone == DESK
        serial, account = (None, None) if at_desk else (serial_of(phone), account_of(phone))
        until = now + timedelta(seconds=LEASE)
        take(_task(row), now, until, incarnation=str(phone), serial=serial, account_id=account)
        self._runs[phone] = row
        self._began[row.id] = now
        self._phones.busy(phone, busy=True)
        self._count_share(row, 1)
        return Taken(row.id)

    def _count_share(self, row: Row, more: int) -> None:
        if row.acts and not row.pinned and row.account_id is not None:
            self._taken.setdefault((row.campaign_id, row.flow), Counter())[row.account_id] += more

    def succeed(self, phone: int) -> Sequence[str]:
        row, now = self._runs.pop(phone), self._clock.now
        self._phones.busy(phone, busy=False)
        self._phones.tried(phone, Try(row.id, None))
        self._phones.until.pop(phone, None)
        self._phones.times.pop(phone, None)
        self._rows.leave(row)
        self._usual.add(row, (now - self._began.pop(row.id)).total_seconds())
        end(_task(row), TaskEnd(State.SUCCEEDED), now)
        ready: list[str] = []
        for name in sorted(self._after.get(row.id, ())):
            dependant = self._rows.by_id[name]
            dependant.missing -= 1
            if not dependant.missing:
                make_ready(_task(dependant), now)
                self._rows.enter(dependant)
                ready.append(name)
        return ready

    def fail(self, phone: int, code: str) -> Sequence[str]:
        row = self._runs.pop(phone)
        self._phones.busy(phone, busy=False)
        self._phones.tried(phone, Try(row.id, code))
        ready = self._again(row, code, lost=False)
        found = quarantine_after(
            code,
            lambda: list(self._phones.tries[phone]),
            until=self._phones.until.get(phone),
            before=self._phones.times[phone],
            now=self._clock.now,
        )
        if found is not None:
            self._phones.until[phone] = self._clock.now + found.pause
            self._phones.times[phone] += 1
            self._owe(list(self._rows.lying.get(phone_queue(serial_of(phone)), {}).values()))
        return ready

    def _again(self, row: Row, code: str, *, lost: bool) -> list[str]:
        past = self._past.setdefault(row.id, [])
        past.append(PriorAttempt(row.phone_serial, row.account_id, code, lost))
        move = decide_retry(code, past, pinned=row.pinned, chance=self._chance.random())
        self._rows.leave(row)
        self._count_share(row, -1)
        ready = back_to_ready(cast("Any", None), _task(row), self._clock.now, code, after=move.after)
        self._rows.enter(row)
        return ready

    def die(self, phone: int) -> Sequence[str]:
        self._phones.gone(phone)
        self._owe(list(self._rows.lying.get(phone_queue(serial_of(phone)), {}).values()))
        row = self._runs.pop(phone, None)
        return [] if row is None else self._again(row, "phone_lost", lost=True)

    def serve_pool(self) -> set[int]:
        return self._phones.fit()

    def facts_of_share(self, row: Row) -> FairShare:
        """Returns how a campaign's tasks of a flow are shared so far."""
        which = row.campaign_id, row.flow
        return FairShare(self._tasks[which], {one: n for one, n in self._taken.get(which, Counter()).items() if n})

    def past_of(self, row: Row) -> Sequence[PriorAttempt]:
        """Returns the attempts at a task that failed or were lost."""
        return self._past.get(row.id, ())

    def candidates(self, on: Set[str] | None) -> Sequence[Candidate]:
        """Returns the phones that are online; only those with the accounts `on`, if it is given."""
        return self._phones.everyone() if on is None else self._phones.of_accounts(on)


class _Facts:
    """The facts of one claim. No cap is full in this day, and no campaign has quotas of its own."""

    def __init__(self, fleet: ModelFleet, row: Row) -> None:
        self._fleet, self._row = fleet, row

    def prior_attempts(self) -> Sequence[PriorAttempt]:
        return self._fleet.past_of(self._row)

    def spent(self) -> frozenset[str]:
        return frozenset()

    def candidates(self, on: Set[str] | None = None) -> Sequence[Candidate]:
        return self._fleet.candidates(on)

    def room(self) -> CapRoom:
        return CapRoom()

    def meant(self) -> PlannedAccount | None:
        if self._row.meant_for is None:
            return None
        others = (one.meant_for for one in self._fleet.swappable(self._row))
        return PlannedAccount(self._row.meant_for, frozenset(one for one in others if one is not None))

    def share(self) -> FairShare:
        return self._fleet.facts_of_share(self._row)


def _task(row: Row) -> Task:
    """Returns the row as what the product's moves take: it has all columns that they touch."""
    return cast("Task", row)
