"""Customers share the desk: whoever has few tasks there waits for a few of the others' at most."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace

import pytest

from workers.policy.desk_turns import IN_TURN, deal_at_desk, may_run_dry
from workers.policy.turns import Candidate, Standing

ALONE = 100


def waits_of(light: int, before: Mapping[str, int], weights: Mapping[str, float] | None = None) -> list[int]:
    """How many tasks of others ran before each task of one customer, who comes when the desk has rung for the others.

    One worker serves the lists in their order; after each two tasks the coordinator rings.
    """
    waiting = {name: deque(f"{name} {number}" for number in range(count)) for name, count in before.items()}
    standings = {name: Standing((weights or {}).get(name, 1.0)) for name in (*before, "light")}
    front: deque[str] = deque()
    behind: deque[str] = deque()

    def ring() -> None:
        candidates = [Candidate(one, name) for name, line in waiting.items() for one in list(line)[:ALONE]]
        there = {
            name: replace(
                one,
                waiting=len(waiting.get(name, ())),
                front=sum(ticket.startswith(name) for ticket in front),
                behind=sum(ticket.startswith(name) for ticket in behind),
            )
            for name, one in standings.items()
        }
        dealt = deal_at_desk(there, candidates, alone=ALONE)
        for one in dealt.tasks:
            waiting[one.split()[0]].remove(one)
            (front if one in dealt.in_turn else behind).append(one)

    ring()
    waiting["light"] = deque(f"light {number}" for number in range(light))
    found: list[int] = []
    ran: Counter[str] = Counter()
    while len(found) < light:
        ring()
        for _ in range(2):
            one = (front or behind).popleft().split()[0]
            ran[one] += 1
            if one == "light":
                found.append(ran.total() - ran["light"])
    return found


@pytest.mark.parametrize("before", [{"heavy": 50}, {"heavy": 10_000}, {"heavy": 300, "other": 300}])
def test_a_task_waits_for_one_turn_of_each_other_customer(before: Mapping[str, int]) -> None:
    waits = waits_of(12, before)
    assert waits[0] <= IN_TURN * len(before)
    assert waits[-1] <= (12 + IN_TURN) * len(before), "and its following ones for one of each other's"


def test_a_customer_of_twice_the_weight_has_twice_as_many_in_its_turn() -> None:
    standings = {"large": Standing(2, waiting=30), "small": Standing(1, waiting=30)}
    candidates = [Candidate(f"{name} {number}", name) for name in standings for number in range(30)]
    dealt = deal_at_desk(standings, candidates, alone=ALONE)
    assert Counter(one.split()[0] for one in dealt.tasks) == {"large": 2 * IN_TURN, "small": IN_TURN}
    assert dealt.in_turn == set(dealt.tasks)
    assert dealt.tasks[:3] == ["large 0", "large 1", "small 0"]


def test_a_customer_alone_has_many_tickets_and_none_of_a_turn() -> None:
    candidates = [Candidate(str(number), "only") for number in range(30)]
    dealt = deal_at_desk({"only": Standing(waiting=30, behind=ALONE - 5)}, candidates, alone=ALONE)
    assert (dealt.tasks, dealt.in_turn) == ([str(number) for number in range(5)], frozenset())


def test_a_customer_with_tickets_alone_is_somebody_to_share_with() -> None:
    standings = {"heavy": Standing(behind=ALONE), "light": Standing(waiting=8)}
    dealt = deal_at_desk(standings, [Candidate(str(number), "light") for number in range(8)], alone=ALONE)
    assert dealt.in_turn == set(dealt.tasks) == {"0", "1", "2", "3"}


@pytest.mark.parametrize(
    ("given", "shared", "dry"),
    [(0, False, False), (19, False, False), (20, False, True), (100, False, True), (0, True, False), (1, True, True)],
)
def test_the_desk_may_run_dry_where_many_tickets_were_taken_or_few_are_given(
    given: int, shared: bool, dry: bool
) -> None:
    assert may_run_dry(given, alone=ALONE, shared=shared) == dry
