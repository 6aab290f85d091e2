"""Lines: who stands in line for phones and for the desk, counted from rows that were read. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.values.enums import RunsOn
from workers.dispatch.customers import Customers
from workers.dispatch.routing import URGENT, WorkingPhones
from workers.dispatch.tickets import TURN_STEP
from workers.policy.longest_first import order_of
from workers.policy.turns import Candidate, Place, Standing

AHEAD_OF_A_PHONE = 1  # tickets of pinned tasks in a phone's own queue, beside the task that runs there


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in line for one sort of phones, or for the desk."""

    slots: int
    standings: Mapping[str, Standing]
    candidates: Sequence[Candidate]
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class AtPhones:
    """What is at the phones that tasks are pinned to, by serial.

    `lying`: tickets of pinned tasks in the phone's own queue. `running`: the key of the task that runs there.
    """

    lying: Mapping[str, int] = field(default_factory=dict)
    running: Mapping[str, str | None] = field(default_factory=dict)


def pinned_to(rows: Sequence[Any], working: WorkingPhones) -> set[str]:
    """Returns the phones that these tasks are pinned to, of those that work: a few of the thousands there may be."""
    places = (working.place_of(row.pinned_account, row.pinned_phone) for row in rows if row.runs_on == RunsOn.PHONE)
    return {serial for serial in places if serial is not None}


def lines_of(
    rows: Sequence[Any],
    out: Sequence[Any],
    running: Sequence[Any],
    at: AtPhones,
    customers: Customers,
    working: WorkingPhones,
    also: Collection[str] = (),
    last: Mapping[str, float] | None = None,
) -> dict[bool | None, Line]:
    """Returns the lines from the tasks that may come next, the tickets that are out, and what runs. Pure.

    `last`: how long those take that are the last of their customer (`policy.longest_first`).

    Tickets and what runs are counted by kind, so that a line costs as much as it has tasks, however many phones.
    """
    counted = _Counted(out, running, at, customers, working, also, last or {})
    placed = [row for row in rows if _has_place(row, customers, working)]
    return {sort: counted.line(sort, [row for row in placed if _sort(row) is sort]) for sort in (False, True, None)}


def _has_place(row: Any, customers: Customers, working: WorkingPhones) -> bool:
    if row.pinned_phone is None and row.pinned_account is None:
        return row.runs_on == RunsOn.DESK or not customers.keeps_off_all(row.key_id, working, sandbox=row.sandbox)
    serial = working.place_of(row.pinned_account, row.pinned_phone)
    return serial is not None and not customers.keeps_off(row.key_id, working.paused_for.get(serial, ()))


def _sort(row: Any) -> bool | None:
    return None if row.runs_on == RunsOn.DESK else bool(row.sandbox)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is out: tickets and running tasks, by customer and sort."""

    out: Sequence[Any]
    running: Sequence[Any]
    at: AtPhones
    customers: Customers
    working: WorkingPhones
    also: Collection[str]
    last: Mapping[str, float]

    def line(self, sort: bool | None, rows: Sequence[Any]) -> Line:
        serials = frozenset[str]() if sort is None else self.working.of_sort(sandbox=sort)
        slots = max(1, len(serials))
        candidates = [_candidate(row, self.customers, self.working) for row in sorted(rows, key=self._order)]
        waiting = _waiting(candidates)
        for name in self.also if sort is not None else ():
            waiting[name] = max(waiting[name], slots)
        standings = self._standings(sort, waiting)
        return Line(slots, standings, candidates, self._places(candidates, serials))

    def _order(self, row: Any) -> tuple[bool, tuple[int, float, datetime, int]]:
        return not row.attempt, order_of(row, self.last)

    def _standings(self, sort: bool | None, waiting: Counter[str]) -> dict[str, Standing]:
        ran: Counter[str] = Counter()
        again: Counter[str] = Counter()
        for row in self.running if sort is not None else ():
            if _sort(row) is sort:
                ran[self.customers.of(row.key_id)] += row.count
                again[self.customers.of(row.key_id)] += row.count if row.again else 0
        tickets: Counter[tuple[str, str]] = Counter()
        for row in self.out:
            if _sort(row) is sort:
                tickets[self.customers.of(row.key_id), _kind(row)] += row.count
        return {
            name: Standing(
                self.customers.weights.get(name, 1),
                ran[name],
                tickets[name, "pinned"] + tickets[name, "begun"],
                tickets[name, "front"],
                tickets[name, "behind"],
                waiting[name],
                tickets[name, "begun"],
                again=again[name],
                passed=tickets[name, "passed"],
            )
            for name in {*ran, *(name for name, _ in tickets), *waiting}
        }

    def _places(self, candidates: Sequence[Candidate], serials: Set[str]) -> dict[str, Place]:
        wanted = {one.place for one in candidates if one.place is not None and one.place in serials}
        return {serial: self._place(serial) for serial in sorted(wanted)}

    def _place(self, serial: str) -> Place:
        on, lying = self.at.running, self.at.lying.get(serial, 0)
        room = AHEAD_OF_A_PHONE + (serial not in on) - lying
        return Place(room, self.customers.of(on[serial]) if serial in on else None)


def _kind(row: Any) -> str:
    if row.runs_on != RunsOn.DESK and (row.pinned or row.begun):
        return "pinned" if row.pinned else "begun"
    if row.rung_step == TURN_STEP:
        return "front"
    return "passed" if row.of_one_phone else "behind"


def _candidate(row: Any, customers: Customers, working: WorkingPhones) -> Candidate:
    place = None
    if row.runs_on == RunsOn.PHONE:
        place = row.pinned_phone or working.accounts.get(row.pinned_account)
    urgent = row.runs_on == RunsOn.PHONE and row.priority <= URGENT and place is None
    return Candidate(row.id, customers.of(row.key_id), place, bool(row.attempt), bool(row.verifying) or urgent)


def _waiting(candidates: Sequence[Candidate]) -> Counter[str]:
    """Counts for how many phones each customer has tasks: several that are pinned to one phone want but that one."""
    found: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for one in candidates:
        if one.place is None or (one.customer, one.place) not in seen:
            found[one.customer] += 1
        if one.place is not None:
            seen.add((one.customer, one.place))
    return found
