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
SLIVER = 150  # pixels of a row at an edge that may show nothing to tell it by
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
    """A place where a screen's rows agree with the sequence, and from how far to how far the list moved then."""

    start: int
    least: int | None
    most: int | None
    shared: int  # rows that agree

    @property
    def sound(self) -> bool:
        """All rows moved alike."""
        return self.least is None or self.most is None or self.least <= self.most + NEAR

    @property
    def moved(self) -> int | None:
        """How far the list moved, where that is told to the pixel."""
        if self.least is None or self.most is None or abs(self.least - self.most) > NEAR:
            return None
        return self.least

    def may_be(self, least: int, most: int) -> bool:
        """Can the list have moved so far?"""
        return (self.least is None or self.least <= most + NEAR) and (self.most is None or self.most >= least - NEAR)


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
    if not tops:  # one row fills the screen: half of it stays
        return most // 2 if screen else most
    known = [row.top for row in screen if row.top is not None]
    shifts = [later - earlier for earlier, later in pairwise(known)]
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
    if reach is None:
        return _Place(start, None, None, shared)
    least, most = _ways(screen, start, reach)
    return _Place(start, least, most, shared)


def _ways(screen: Sequence[Row], start: int, reach: Reach) -> tuple[int | None, int | None]:
    """From how far to how far the list must have moved for all rows to lie where they lie; None: no bound.

    An edge that is on both screens tells it; one that is cut off on one of them lies beyond that edge of
    the list. The first is more than the second when the rows did not move alike.
    """
    upper, lower = reach.edges
    least, most = [], []
    for offset, new in enumerate(screen):
        place = start + offset - reach.start
        if place < 0:  # above the screen before, but for what told nothing of it
            most.append(upper + SLIVER - (new.bottom if new.bottom is not None else lower))
            continue
        if place >= len(reach.rows):
            if new.top is not None:
                least.append(lower - SLIVER - new.top)
            continue
        old = reach.rows[place]
        if old.top is not None:
            least.append(old.top - (new.top if new.top is not None else upper))
        if new.top is not None:
            most.append((old.top if old.top is not None else upper) - new.top)
        if new.bottom is not None:
            least.append((old.bottom if old.bottom is not None else lower) - new.bottom)
        if old.bottom is not None:
            most.append(old.bottom - (new.bottom if new.bottom is not None else lower))
    return max(least, default=None), min(most, default=None)


def _within(places: Sequence[_Place], reach: Reach) -> list[_Place]:
    """The places to which the list can have moved, the likeliest kind of them."""
    sound = [place for place in places if place.sound]
    forward = [place for place in sound if place.may_be(reach.least, reach.most)]
    if forward:
        return forward
    # rows that came on top while one read push the others down
    back = [place for place in sound if place.most is not None and place.most < reach.least]
    # a row grows when it gets its first reply
    return back or [place for place in places if not place.sound]


def _blind(places: Sequence[_Place], size: int) -> list[_Place]:
    """One row that agrees is too little where there are more: it may be another that looks the same."""
    return [place for place in places if place.shared >= min(2, size)]


def _put(rows: list[R], screen: Sequence[R], place: _Place, *, gap: bool) -> Stitched:
    overlap = min(len(screen), len(rows) - place.start)
    for offset in range(overlap):
        if screen[offset].whole and not rows[place.start + offset].whole:
            rows[place.start + offset] = screen[offset]
    rows.extend(screen[overlap:])
    return Stitched(place.start, len(screen) - overlap, gap=gap, moved=place.moved)
