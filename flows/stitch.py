"""Overlapping screens of a scrolled list put together into one sequence.

A row is told by its parts (for a comment: who, and what). A row clipped at an edge of the list
lacks parts; a lacking part (None) agrees with any. Rows may be identical, so content alone cannot
always say how far the list moved: the way the finger went settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Parts = tuple[str | None, ...]


class Row(Protocol):
    """What a list row must tell to be stitched."""

    @property
    def parts(self) -> Parts:
        """The parts that name the row; None where the edge of the list cut one off."""

    @property
    def whole(self) -> bool:
        """Nothing of the row is cut off."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Stitched:
    """`start` is the place of the screen's first row in the sequence; `fresh` counts rows not seen before."""

    start: int
    fresh: int
    gap: bool


def agree(one: Parts, other: Parts) -> bool:
    """Could these be the same row? They share at least one visible part and contradict in none."""
    shared = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return bool(shared) and all(a == b for a, b in shared)


def stitch(rows: list[R], screen: Sequence[R], expected: int | None = None) -> Stitched:
    """Put a screen's rows onto the sequence, in place.

    `expected` is the index at which the first row of the screen should lie, reckoned from the
    finger's way; None when nothing is known. Of all places where the rows agree the nearest to it
    is taken, without it the one that adds fewest rows, so that nothing is counted twice. When the
    rows agree nowhere, something between was missed: `gap` is true and nothing was added.
    """
    if not screen:
        return Stitched(len(rows), 0, gap=False)
    if not rows:
        rows.extend(screen)
        return Stitched(0, len(screen), gap=False)
    places = [start for start in range(len(rows)) if _fits(rows, screen, start)]
    if not places:
        return Stitched(len(rows), 0, gap=True)
    if expected is not None:
        start = min(places, key=lambda place: abs(place - expected))
    else:
        start = _fewest(places, rows, screen)
    overlap = min(len(screen), len(rows) - start)
    for offset in range(overlap):
        if screen[offset].whole and not rows[start + offset].whole:
            rows[start + offset] = screen[offset]
    rows.extend(screen[overlap:])
    return Stitched(start, len(screen) - overlap, gap=False)


def bridge(rows: list[R], screen: Sequence[R]) -> Stitched:
    """Add a screen behind a gap: its rows not yet in the sequence, in their order."""
    fresh = [row for row in screen if not any(agree(row.parts, known.parts) for known in rows)]
    start = len(rows)
    rows.extend(fresh)
    return Stitched(start, len(fresh), gap=True)


def _fits(rows: Sequence[R], screen: Sequence[R], start: int) -> bool:
    return all(agree(old.parts, new.parts) for old, new in zip(rows[start:], screen, strict=False))


def _fewest(places: list[int], rows: Sequence[R], screen: Sequence[R]) -> int:
    """The place that adds fewest rows; among equals the furthest on, for lists are read downwards."""
    return min(places, key=lambda place: (max(0, place + len(screen) - len(rows)), -place))
