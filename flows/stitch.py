"""Overlapping screens of a scrolled list put together into one sequence.

A row is told by its parts (for a comment: who, and what). A row clipped at an edge of the list
lacks parts; a lacking part (None) agrees with any. Rows may be identical, so content alone cannot
always say how far the list moved: the pixels by which the rows of two screens moved do, as long as
the list cannot have moved further than to the next place that looks the same. `farthest` says how
far that is before the list is moved, `join` says afterwards whether only one place is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

BACK = 50  # rows at most that may come on top of a list while one screen of it is read
NEAR = 8  # pixels by which rows that moved together may differ: rounding

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
    def top(self) -> int | None:
        """The pixel at which the row begins; None when the list's upper edge may have cut it off."""

    @property
    def bottom(self) -> int | None:
        """The pixel at which the row ends; None when the list's lower edge may have cut it off."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the screen before stood, and how far the list may have moved since, in pixels; forward is positive.

    `edges` are the list's upper and lower edge.
    """

    start: int
    rows: Sequence[Row]
    least: int
    most: int
    edges: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stitched:
    """`start` is the place of the screen's first row in the sequence; `fresh` counts rows not seen before.

    `gap`: something may be missing. `moved` is how far the list moved, in pixels, where that could be told.
    `joined` is false when the screen joins nowhere and nothing was added.
    """

    start: int
    fresh: int
    gap: bool
    moved: int | None = None
    joined: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """A place where a screen's rows agree with the sequence. `moved` is None when no two edges tell it."""

    start: int
    moved: int | None
    sound: bool  # all rows moved alike
    shared: int  # rows that agree


def agree(one: Parts, other: Parts) -> bool:
    """Could these be the same row? They share at least one visible part and contradict in none."""
    shared = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return bool(shared) and all(a == b for a, b in shared)


def stitch(rows: list[R], screen: Sequence[R], reach: Reach | None = None) -> Stitched:
    """Put a screen's rows onto the sequence, in place.

    With `reach` the screen joins where its rows agree and moved as far as they can have; without it,
    as after a list jumped, wherever they agree. When several places are left, that one is taken that
    adds fewest rows, so that nothing is counted twice, and `gap` is true: rows may be missing. When
    the rows agree nowhere, `joined` is false, `gap` is true, and nothing was added.
    """
    if not screen:
        return Stitched(len(rows), 0, gap=False)
    if not rows:
        rows.extend(screen)
        return Stitched(0, len(screen), gap=False)
    first = max(0, reach.start - BACK) if reach else 0
    places = [place for place in (_place(rows, screen, start, reach) for start in range(first, len(rows))) if place]
    left = _within(places, reach) if reach else _blind(places, len(screen))
    if not left:
        return Stitched(len(rows), 0, gap=True, joined=False)
    best = min(left, key=lambda place: (max(0, place.start + len(screen) - len(rows)), -place.start))
    return _put(rows, screen, best, gap=len(left) > 1)


def bridge(rows: list[R], screen: Sequence[R]) -> Stitched:
    """Add a screen behind a gap: its rows not yet in the sequence, in their order."""
    fresh = [row for row in screen if not any(agree(row.parts, known.parts) for known in rows)]
    start = len(rows)
    rows.extend(fresh)
    return Stitched(start, len(fresh), gap=True)


def repeats(rows: Sequence[Row]) -> bool:
    """Do two of these rows look alike?"""
    counted = Counter(row.parts for row in rows if None not in row.parts)
    return any(number > 1 for number in counted.values())


def farthest(screen: Sequence[Row], edge: int, most: int) -> int:
    """How far a list may move, in pixels, so that its next screen joins this one at one place only.

    Rows that begin at `edge` or above it count as gone; never more than `most`. What stays on the
    screen even then must not look, moved by less than that, like what is on the screen now.
    """
    tops = [row.top for row in screen if row.top is not None and row.top > edge]
    for way in sorted({min(most, top - edge) for top in tops}, reverse=True):
        first = next(at for at, row in enumerate(screen) if row.top is not None and row.top >= edge + way)
        if not any(_looks_like(screen, first, above, way) for above in range(first)):
            return way
    shifts = [later - earlier for earlier, later in pairwise(tops)]
    return min([most, *(max(1, shift - 1 - 2 * NEAR) for shift in shifts)])


def _looks_like(screen: Sequence[Row], first: int, above: int, way: int) -> bool:
    """Do the rows from `first` on look like those from `above` on, at most `way` pixels higher?

    A row that the upper edge cuts off begins further above than that.
    """
    top, higher = screen[first].top, screen[above].top
    if top is None or higher is None or not 0 < top - higher <= way + 2 * NEAR:
        return False
    for one, other in zip(screen[first:], screen[above:], strict=False):
        if not _could_be(one.parts, other.parts):
            return False
        for pair in ((one.top, other.top), (one.bottom, other.bottom)):
            if None not in pair and abs((pair[0] or 0) - (pair[1] or 0) - (top - higher)) > NEAR:
                return False
    return True


def _could_be(one: Parts, other: Parts) -> bool:
    return all(a == b for a, b in zip(one, other, strict=True) if a is not None and b is not None)


def _place(rows: Sequence[Row], screen: Sequence[Row], start: int, reach: Reach | None) -> _Place | None:
    pairs = list(zip(rows[start : start + len(screen)], screen, strict=False))
    if not all(_could_be(old.parts, new.parts) for old, new in pairs):
        return None
    shared = sum(agree(old.parts, new.parts) for old, new in pairs)
    if not shared:
        return None
    ways = _ways(screen, start, reach) if reach else []
    if reach is None or not ways:
        return _Place(start, None, sound=True, shared=shared)
    sound = max(ways) - min(ways) <= NEAR and not _shows_what_is_cut(screen, start, reach, ways[0])
    return _Place(start, ways[0], sound, shared)


def _shows_what_is_cut(screen: Sequence[Row], start: int, reach: Reach, way: int) -> bool:
    """Would a row, moved so far, show an edge that the screen has cut off?"""
    upper, lower = reach.edges
    for new, old in _both(screen, start, reach):
        if new.top is None and old.top is not None and old.top - way > upper + NEAR:
            return True
        if new.bottom is None and old.bottom is not None and old.bottom - way < lower - NEAR:
            return True
    return False


def _both(screen: Sequence[Row], start: int, reach: Reach) -> list[tuple[Row, Row]]:
    """The rows that are on both screens: as they are now, and as they were before."""
    places = ((offset, start + offset - reach.start) for offset in range(len(screen)))
    return [(screen[offset], reach.rows[place]) for offset, place in places if 0 <= place < len(reach.rows)]


def _ways(screen: Sequence[Row], start: int, reach: Reach) -> list[int]:
    """How far each row moved that has an edge on both screens."""
    edges = [
        pair for new, old in _both(screen, start, reach) for pair in ((old.top, new.top), (old.bottom, new.bottom))
    ]
    return [old - new for old, new in edges if old is not None and new is not None]


def _within(places: Sequence[_Place], reach: Reach) -> list[_Place]:
    """The places to which the list can have moved, the likeliest kind of them."""
    told = [place for place in places if place.moved is not None]
    sound = [place for place in told if place.sound]
    forward = [place for place in sound if reach.least - NEAR <= (place.moved or 0) <= reach.most + NEAR]
    if forward:
        return forward
    # rows that came on top while one read push the others down
    back = [place for place in sound if (place.moved or 0) < reach.least]
    # a row grows when it gets its first reply; a row higher than the list shows no edge that could be measured
    return back or [place for place in places if place.moved is None or not place.sound]


def _blind(places: Sequence[_Place], size: int) -> list[_Place]:
    """One row that agrees is too little where there are more: it may be another that looks the same."""
    return [place for place in places if place.shared >= min(2, size)]


def _put(rows: list[R], screen: Sequence[R], place: _Place, *, gap: bool) -> Stitched:
    overlap = min(len(screen), len(rows) - place.start)
    for offset in range(overlap):
        if screen[offset].whole and not rows[place.start + offset].whole:
            rows[place.start + offset] = screen[offset]
    rows.extend(screen[overlap:])
    moved = place.moved if place.sound else None
    return Stitched(place.start, len(screen) - overlap, gap=gap, moved=moved)
