"""Plans at which positions of a loop to act: draws positions at random, and catches up after unusable ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

ROOM = 0.6  # share of the loop from which positions are drawn; the rest is for catching up


def plan(rng: random.Random, wanted: int, loop: int, *, once: bool = True) -> tuple[int, ...]:
    """Draws `wanted` positions of a loop of `loop`, in ascending order.

    They are in the first part of the loop if it is large enough, so that the flow can act later in place of an
    unusable position. `once`: no position twice. Raises ValueError when the loop is too short.
    """
    if wanted < 0 or loop < 0 or (once and wanted > loop) or (wanted and not loop):
        raise ValueError(f"{wanted} places do not fit into a loop of {loop}")
    room = max(min(wanted, loop), int(loop * ROOM), min(1, loop))
    if once:
        return tuple(sorted(rng.sample(range(room), wanted)))
    return tuple(sorted(rng.randrange(room) for _ in range(wanted)))


def due(places: Sequence[int], at: int, done: int) -> int:
    """Returns the number of acts that are due at position `at` of the loop when `done` were carried out.

    >>> due((2, 5), 3, 0), due((2, 5), 5, 0), due((2, 5), 5, 2)
    (1, 2, 0)
    """
    return max(0, sum(place <= at for place in places) - done)
