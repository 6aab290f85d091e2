"""Bars of states: how much of a bar each state takes, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ORDER = ("succeeded", "delegated", "running", "needs_review", "failed", "stopped", "held", "ready", "waiting")
LEAST = 1.5  # of 100: what is there is seen


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a bar that is 100 wide."""

    state: str
    count: int
    x: float
    width: float


def bar(states: Mapping[str, int]) -> Sequence[Slice]:
    """Returns the parts of a bar, which fill it."""
    there = [(state, states[state]) for state in ORDER if states.get(state)]
    total = sum(count for _, count in there)
    widths = [max(LEAST, 100 * count / total) for _, count in there]
    scale = 100 / sum(widths) if widths else 1
    slices, x = [], 0.0
    for (state, count), width in zip(there, widths, strict=True):
        slices.append(Slice(state, count, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return slices
