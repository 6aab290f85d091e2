"""Decides which tasks at the desk get a ticket now, so that each customer waits for a few of the others' at most. Pure.

A task at the desk takes some milliseconds as a rule, and seconds when it plants ten thousand others. Its ticket cannot
be taken back, so a thousand tickets of one customer may be hours of work. While several customers have work there,
each gets tickets of its turn, which go before all others, and few of them at once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from workers.policy.turns import Candidate, Dealt, Standing

MUCH = 0.2  # of the tickets of a customer alone: worked off between two rounds, so much leaves few of them
IN_TURN = 4  # tickets at the desk that a customer of the least weight has in its turn


def deal_at_desk(standings: Mapping[str, Standing], candidates: Sequence[Candidate], *, alone: int) -> Dealt:
    """Returns the tasks that get a ticket. `candidates` are in the order that each customer wants.

    `alone`: tickets of one customer while no other has work at the desk. Those go behind the tickets of turns.
    """
    at_it = {name: one for name, one in standings.items() if one.wants}
    if len(at_it) < 2:
        out = sum(one.front + one.behind for one in at_it.values())
        return Dealt([one.task_id for one in candidates[: max(0, alone - out)]])
    least = min(one.weight for one in at_it.values())
    room = {name: math.ceil(IN_TURN * one.weight / least) - one.front for name, one in at_it.items()}
    given: Counter[str] = Counter()
    rounds: list[tuple[float, int, str]] = []
    for order, one in enumerate(candidates):
        if given[one.customer] < room[one.customer]:
            given[one.customer] += 1
            there = given[one.customer] + standings[one.customer].front
            rounds.append((there / standings[one.customer].weight, order, one.task_id))
    tasks = [task_id for *_, task_id in sorted(rounds)]
    return Dealt(tasks, frozenset(tasks))


def may_run_dry(given: int, *, alone: int, shared: bool) -> bool:
    """Returns whether the desk may be out of tickets before the next usual round, by how many this one gave it.

    `alone`: tickets of one customer while no other has work at the desk. `shared`: these were tickets of turns, which
    are few in any case.
    """
    return given > 0 if shared else given >= MUCH * alone
