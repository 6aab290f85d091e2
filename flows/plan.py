"""Where in a loop the targets are met: places drawn at random, made up for when one cannot be used."""

from __future__ import annotations

import random
from collections.abc import Sequence

ROOM = 0.6  # share of the loop that places are drawn from; the rest is left for making up


def plan(rng: random.Random, wanted: int, loop: int, *, once: bool = True) -> tuple[int, ...]:
    """Draw `wanted` places out of a loop of `loop`, in rising order.

    They lie in the first part of the loop while that part is large enough, so that a place that
    cannot be used is made up for behind it. `once`: no place twice. Raises ValueError when the
    loop has no room for them.
    """
    if wanted < 0 or loop < 0 or (once and wanted > loop) or (wanted and not loop):
        raise ValueError(f"{wanted} places do not fit into a loop of {loop}")
    room = max(min(wanted, loop), int(loop * ROOM), min(1, loop))
    if once:
        return tuple(sorted(rng.sample(range(room), wanted)))
    return tuple(sorted(rng.randrange(room) for _ in range(wanted)))


def due(places: Sequence[int], at: int, done: int) -> int:
    """How many acts are owed at place `at` of the loop when `done` were carried out.

    >>> due((2, 5), 3, 0), due((2, 5), 5, 0), due((2, 5), 5, 2)
    (1, 2, 0)
    """
    return max(0, sum(place <= at for place in places) - done)
