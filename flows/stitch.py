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

    @property
    def height(self) -> int:
        """Pixels from top to bottom; 0 when an edge may have cut some off."""


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
    finger's way; None when that is not known, as at the end of a list, which stops the movement.
    Of all places where the rows agree, those are preferred where their heights agree too, then the
    nearest to what is expected; without it the one that adds fewest rows, so that nothing is
    counted twice. When the rows agree nowhere, something between was missed: `gap` is true and
    nothing was added.
    """
    if not screen:
        return Stitched(len(rows), 0, gap=False)
    if not rows:
        rows.extend(screen)
        return Stitched(0, len(screen), gap=False)
    places = [start for start in range(len(rows)) if _fits(rows, screen, start)]
    if not places:
        return Stitched(len(rows), 0, gap=True)
    start = min(places, key=lambda place: _doubt(rows, screen, place, expected))
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


def _doubt(rows: Sequence[R], screen: Sequence[R], start: int, expected: int | None) -> tuple[int, int, int]:
    """How much speaks against a place: heights that differ, then rows from what is expected or rows added."""
    pairs = [(old, new) for old, new in zip(rows[start:], screen, strict=False) if old.height and new.height]
    # a height is no proof: a row grows when it gets its first reply
    differing = sum(old.height != new.height for old, new in pairs)
    if expected is not None:
        return differing, abs(start - expected), 0
    # among places that add nothing the furthest on: lists are read downwards
    return differing, max(0, start + len(screen) - len(rows)), -start
