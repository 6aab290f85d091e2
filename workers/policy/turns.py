"""Decides how many more tickets each customer gets now, so that all of them share the phones. Pure.

A ticket cannot be taken back, so the line behind the phones is kept short. While several customers want the same
phones, each has at most twice its fair share in hand: running, or with a ticket. Then the number that runs settles at
its fair share, whatever the others have waiting, and no phone idles for want of a ticket. A customer alone has no such
bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

LOOK_AHEAD = 2  # times its fair share that a customer has in hand
MOST_AHEAD = 24.0  # times, where the smallest share is less than half a phone: weights of 1 and 20 on one phone
ROUNDING = 1e-9
PASSED_A_PHONE = 20  # tickets passed on, for each phone, that take no place in the pool: the even share of a day is 11
FEW = 24  # candidates of one customer, however few the phones


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's tasks that want the same phones or desks: its weight, and how many stand where."""

    weight: float = 1.0
    running: int = 0
    first: int = 0  # with a ticket that goes before the others': pinned, or begun before
    front: int = 0  # with a ticket of its turn
    behind: int = 0  # with a ticket from a time in which nobody else waited
    waiting: int = 0  # without a ticket, as far as there are phones for them
    begun: int = 0  # of `first`: begun before, and not pinned
    pinned: int = 0  # phones that tasks without a ticket are pinned to
    again: int = 0  # of `running`: not for the first time
    passed: int = 0  # with a ticket from such a time that was passed on, and lies in the own queue of one phone

    @property
    def in_hand(self) -> int:
        """Returns the number that counts against its share. Tickets from before are served when no other is there."""
        return self.running + self.first + self.front

    @property
    def wants(self) -> int:
        return self.in_hand + self.behind + self.passed + self.waiting


@dataclass(frozen=True, slots=True)
class Turn:
    """How many more tickets a customer gets: for tasks that go first, and for all; `shared` when others wait too.

    `begun`: of those that go first, for tasks that were begun before and that any phone takes.
    """

    first: int
    more: int
    shared: bool
    begun: int


def fair_shares(slots: float, standings: Mapping[str, Standing]) -> dict[str, float]:
    """Returns each customer's share of the slots by weight. A share that it cannot use goes to the others."""
    found: dict[str, float] = {}
    left, rest = slots, dict(standings)
    while rest:
        weights = sum(one.weight for one in rest.values())
        sated = {name for name, one in rest.items() if one.wants <= left * one.weight / weights}
        if not sated:
            return found | {name: left * one.weight / weights for name, one in rest.items()}
        for name in sated:
            found[name] = rest.pop(name).wants
        left = max(0.0, slots - sum(found.values()))
    return found


def turns(slots: int, standings: Mapping[str, Standing], *, alone: int) -> dict[str, Turn]:
    """Returns each customer's turn. `alone`: tickets of one customer while no other waits.

    Tasks that were begun go before everybody's only as far as their customer's share goes, and need no look ahead:
    whoever pauses and resumes what runs would have nothing but begun tasks, and all phones.
    """
    at_it = [name for name, one in standings.items() if one.wants > one.running]
    if len(at_it) < 2:
        return {name: _turn_alone(slots, one, alone) for name, one in standings.items()}
    shares = fair_shares(slots, {name: standings[name] for name in at_it})
    times = _times(shares, LOOK_AHEAD)
    found: dict[str, Turn] = {}
    for name in at_it:
        one = standings[name]
        ahead_of_all = min(one.again + one.begun, shares[name])
        most = max(1, math.ceil(times * shares[name] - ahead_of_all - ROUNDING))
        begun = max(0, math.floor(shares[name] + ROUNDING) - one.again - one.begun)
        found[name] = Turn(max(0, most - one.running - one.first), max(0, most - one.in_hand), True, begun)
    return found


def _turn_alone(slots: int, one: Standing, alone: int) -> Turn:
    """No more than a ticket a phone, pinned or begun, goes before the tickets of whoever comes next.

    A ticket that was passed on serves one phone, and all others would idle if such tickets took the place of those in
    the pool.
    """
    begun = max(0, slots - one.pinned - one.begun)
    beyond = max(0, one.passed - PASSED_A_PHONE * slots)
    return Turn(alone, max(0, alone - one.front - one.behind - beyond), False, begun)


def _times(shares: Mapping[str, float], ahead: float) -> float:
    """Returns how many times its share each customer has in hand: a whole number of tickets for the smallest share.

    Rounded up, that share would count for more than its weight says.
    """
    least = min((share for share in shares.values() if share > 0), default=1.0)
    whole = math.ceil(ahead * least - ROUNDING)
    if whole > 1 and whole > (ahead + 1) * least:
        whole -= 1
    return min(MOST_AHEAD, max(1, whole) / least)


def most_candidates(customers: int, slots: int, out: int, alone: int) -> int:
    """Returns how many tasks of one customer are looked at when so many wait and `out` tickets are in the pool."""
    return max(1, alone - out) if customers < 2 else max((LOOK_AHEAD + 1) * slots, FEW) + 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task without a ticket. `place` is the phone that it is pinned to; `sure` gets a ticket in any case."""

    task_id: str
    customer: str
    place: str | None = None
    begun: bool = False
    sure: bool = False
    priority: int = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A phone of its own queue: how many more tickets have room there, and the customer whose task runs on it."""

    room: int
    running: str | None = None


@dataclass(frozen=True, slots=True)
class Dealt:
    """The tasks that get a ticket, in order.

    Those in `in_turn` go before the tickets of a customer alone. Those in `unhurried` were begun, and go by their own
    priority all the same.
    """

    tasks: Sequence[str]
    in_turn: frozenset[str] = field(default_factory=frozenset)
    unhurried: frozenset[str] = field(default_factory=frozenset)


def deal(
    slots: int,
    standings: Mapping[str, Standing],
    candidates: Sequence[Candidate],
    places: Mapping[str, Place],
    *,
    alone: int,
) -> Dealt:
    """Returns the tasks that get a ticket now. `candidates` are in the order that each customer wants."""
    pins = {(one.customer, one.place) for one in candidates if one.place is not None}
    there = {name: replace(one, pinned=sum(who == name for who, _ in pins)) for name, one in standings.items()}
    given = turns(slots, there, alone=alone)
    hand = {name: one.in_hand / one.weight for name, one in standings.items()}
    sure = [one for one in candidates if one.sure]
    first = _first([one for one in candidates if not one.sure], given, places, hand)
    chosen = {one.task_id for one in first}
    used: dict[str, int] = {}
    for one in first:
        used[one.customer] = used.get(one.customer, 0) + 1
    rounds: list[tuple[float, float, int, Candidate]] = []
    for order, one in enumerate(candidates):
        turn = given[one.customer]
        elsewhere = one.sure or one.place is not None or one.task_id in chosen
        if elsewhere or used.get(one.customer, 0) >= turn.more:
            continue
        used[one.customer] = used.get(one.customer, 0) + 1
        lap = used[one.customer] / standings[one.customer].weight if turn.shared else 0.0
        rounds.append((lap, hand[one.customer], order, one))
    rest = [one for *_, one in sorted(rounds, key=lambda row: row[:3])]
    in_turn = frozenset(one.task_id for one in rest if given[one.customer].shared)
    unhurried = frozenset(one.task_id for one in rest if one.begun) - in_turn
    return Dealt([one.task_id for one in (*sure, *first, *rest)], in_turn, unhurried)


def _first(
    candidates: Sequence[Candidate], given: Mapping[str, Turn], places: Mapping[str, Place], hand: Mapping[str, float]
) -> list[Candidate]:
    """Returns the begun and pinned tasks that go first.

    On one phone the customer comes next whose task does not run there, then the one with least in hand.
    """
    chosen: list[Candidate] = []
    left = {name: turn.first for name, turn in given.items()}
    begun = {name: turn.begun for name, turn in given.items()}
    room = {serial: place.room for serial, place in places.items()}

    def order(row: tuple[int, Candidate]) -> tuple[bool, bool, float, int]:
        place = places.get(row[1].place or "")
        runs_there = place is not None and place.running == row[1].customer
        return not row[1].begun, runs_there, hand[row[1].customer], row[0]

    wanted = [(at, one) for at, one in enumerate(candidates) if one.begun or one.place is not None]
    for _, one in sorted(wanted, key=order):
        here, where = (begun, one.customer) if one.place is None else (room, one.place)
        if left[one.customer] < 1 or here.get(where, 0) < 1:
            continue
        left[one.customer] -= 1
        here[where] -= 1
        chosen.append(one)
    return chosen
