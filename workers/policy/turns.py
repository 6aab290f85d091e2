"""Decides how many more tickets each customer gets now, so that all of them share the phones. Pure.

A ticket cannot be taken back, so the line behind the phones is kept short. While several customers want the same
phones, each has at most twice its fair share in hand: running, or with a ticket. Then the number that runs settles at
its fair share, whatever the others have waiting, and no phone idles for want of a ticket. A customer alone has no such
bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LOOK_AHEAD = 2  # times its fair share that a customer has in hand


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's tasks that want the same phones or desks: its weight, and how many stand where."""

    weight: float = 1.0
    running: int = 0
    first: int = 0  # with a ticket that goes before the others': pinned, or begun before
    front: int = 0  # with a ticket of its turn
    behind: int = 0  # with a ticket from a time in which nobody else waited
    waiting: int = 0  # without a ticket, as far as there are phones for them

    @property
    def in_hand(self) -> int:
        """Returns the number that counts against its share. Tickets from before are served when no other is there."""
        return self.running + self.first + self.front

    @property
    def wants(self) -> int:
        return self.in_hand + self.behind + self.waiting


@dataclass(frozen=True, slots=True)
class Turn:
    """How many more tickets a customer gets: for tasks that go first, and for all; `shared` when others wait too."""

    first: int
    more: int
    shared: bool


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


def turns(slots: int, standings: Mapping[str, Standing], *, alone: int, ahead: float = LOOK_AHEAD) -> dict[str, Turn]:
    """Returns each customer's turn. `alone`: tickets of one customer while no other waits."""
    at_it = [name for name, one in standings.items() if one.wants > one.running]
    if len(at_it) < 2:
        return {name: Turn(alone, max(0, alone - one.front - one.behind), False) for name, one in standings.items()}
    shares = fair_shares(slots, {name: standings[name] for name in at_it})
    found: dict[str, Turn] = {}
    for name in at_it:
        one = standings[name]
        most = max(1, math.ceil(ahead * shares[name]))
        found[name] = Turn(max(0, most - one.running - one.first), max(0, most - one.in_hand), True)
    return found


def most_candidates(customers: int, slots: int, out: int, alone: int) -> int:
    """Returns how many tasks of one customer are looked at when so many wait and `out` tickets are in the pool."""
    return max(1, alone - out) if customers < 2 else LOOK_AHEAD * slots + 1


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
    """The tasks that get a ticket, in order. Those in `in_turn` go before the tickets of a customer alone."""

    tasks: Sequence[str]
    in_turn: frozenset[str] = field(default_factory=frozenset)


def deal(
    slots: int,
    standings: Mapping[str, Standing],
    candidates: Sequence[Candidate],
    places: Mapping[str, Place],
    *,
    alone: int,
    ahead: float = LOOK_AHEAD,
) -> Dealt:
    """Returns the tasks that get a ticket now. `candidates` are in the order that each customer wants."""
    given = turns(slots, standings, alone=alone, ahead=ahead)
    hand = {name: one.in_hand / one.weight for name, one in standings.items()}
    sure = [one for one in candidates if one.sure]
    first = _first([one for one in candidates if not one.sure], given, places, hand)
    used: dict[str, int] = {}
    for one in first:
        used[one.customer] = used.get(one.customer, 0) + 1
    rounds: list[tuple[float, float, int, Candidate]] = []
    for order, one in enumerate(candidates):
        turn = given[one.customer]
        if one.sure or one.begun or one.place is not None or used.get(one.customer, 0) >= turn.more:
            continue
        used[one.customer] = used.get(one.customer, 0) + 1
        lap = used[one.customer] / standings[one.customer].weight if turn.shared else 0.0
        rounds.append((lap, hand[one.customer], order, one))
    rest = [one for *_, one in sorted(rounds, key=lambda row: row[:3])]
    in_turn = frozenset(one.task_id for one in rest if given[one.customer].shared)
    return Dealt([one.task_id for one in (*sure, *first, *rest)], in_turn)


def _first(
    candidates: Sequence[Candidate], given: Mapping[str, Turn], places: Mapping[str, Place], hand: Mapping[str, float]
) -> list[Candidate]:
    """Returns begun and pinned tasks. On one phone the customer comes next whose task does not run there, then the one
    with least in hand."""
    chosen: list[Candidate] = []
    left = {name: turn.first for name, turn in given.items()}
    room = {serial: place.room for serial, place in places.items()}

    def order(row: tuple[int, Candidate]) -> tuple[bool, bool, float, int]:
        place = places.get(row[1].place or "")
        runs_there = place is not None and place.running == row[1].customer
        return not row[1].begun, runs_there, hand[row[1].customer], row[0]

    wanted = [(at, one) for at, one in enumerate(candidates) if one.begun or one.place is not None]
    for _, one in sorted(wanted, key=order):
        if left[one.customer] < 1 or (one.place is not None and room.get(one.place, 0) < 1):
            continue
        left[one.customer] -= 1
        if one.place is not None:
            room[one.place] -= 1
        chosen.append(one)
    return chosen
