"""Joins the overlapping screens of a scrolled list into one sequence of rows.

A row is identified by its parts (for a comment: commenter and text). A row clipped at an edge of the list lacks
parts; a missing part (None) agrees with any. Rows may be identical, so their content alone does not always show how
far the list moved. The pixels by which the rows of two screens moved do, as long as the list cannot have moved to
the next position that looks the same. `farthest` computes that distance before the list is moved; `joined` and `gap`
of `Stitched` say afterwards whether exactly one position was possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

BACK = 50  # rows at most that may be added on top of a list while one screen of it is read
SLIVER = 150  # pixels of a row at an edge that may show no identifying part
NEAR = 8  # pixels by which rows that moved together may differ, by rounding

Parts = tuple[str | None, ...]


class Row(Protocol):
    """A list row that can be stitched."""

    @property
    def parts(self) -> Parts:
        """Returns the parts that identify the row; None for a part that the list's edge cut off."""

    @property
    def whole(self) -> bool:
        """True when nothing of the row is cut off."""

    @property
    def top(self) -> int | None:
        """Returns the pixel at which the row begins; None when the list's upper edge may have cut it off."""

    @property
    def bottom(self) -> int | None:
        """Returns the pixel at which the row ends; None when the list's lower edge may have cut it off."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Reach:
    """The position of the screen before, and how far the list may have moved since, in pixels; forward is positive.

    `edges` are the list's upper and lower edge.
    """

    start: int
    rows: Sequence[Row]
    least: int
    most: int
    edges: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stitched:
    """The result of stitching a screen: `start` is the position of its first row, `fresh` the number of new rows.

    `gap`: rows may be missing. `moved` is the distance that the list moved, in pixels, if known. `joined` is false
    when the screen joins nowhere and no row was added.
    """

    start: int
    fresh: int
    gap: bool
    moved: int | None = None
    joined: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    """A position where a screen's rows agree with the sequence, and the least and most that the list then moved."""

    start: int
    least: int | None
    most: int | None
    shared: int  # rows that agree

    @property
    def sound(self) -> bool:
        """True when all rows moved by the same distance."""
        return self.least is None or self.most is None or self.least <= self.most + NEAR

    @property
    def moved(self) -> int | None:
        """Returns how far the list moved, if that is known to the pixel."""
        if self.least is None or self.most is None or abs(self.least - self.most) > NEAR:
            return None
        return self.least

    def may_be(self, least: int, most: int) -> bool:
        """Returns whether the list can have moved this far."""
        return (self.least is None or self.least <= most + NEAR) and (self.most is None or self.most >= least - NEAR)


def agree(one: Parts, other: Parts) -> bool:
    """Returns whether these may be the same row: they share at least one visible part and differ in none."""
    shared = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return bool(shared) and all(a == b for a, b in shared)


def stitch(rows: list[R], screen: Sequence[R], reach: Reach | None = None) -> Stitched:
    """Adds a screen's rows to the sequence, in place.

    With `reach`, the screen joins where its rows agree and where the list can have moved to; without it, as after a
    list jumped, wherever they agree. Of several positions it takes the one that adds the fewest rows, so that no row
    is counted twice, and `gap` is true: rows may be missing. When the rows agree nowhere, `joined` is false, `gap`
    is true, and no row is added.
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
    """Adds a screen after a gap: its rows that are not yet in the sequence, in their order."""
    fresh = [row for row in screen if not any(agree(row.parts, known.parts) for known in rows)]
    start = len(rows)
    rows.extend(fresh)
    return Stitched(start, len(fresh), gap=True)


def repeats(rows: Sequence[Row]) -> bool:
    """Returns whether two of these rows look alike."""
    counted = Counter(row.parts for row in rows if None not in row.parts)
    return any(number > 1 for number in counted.values())


def farthest(screen: Sequence[Row], edge: int, most: int) -> int:
    """Returns how far a list may move, in pixels, so that its next screen joins this one at one position only.

    Rows that begin at `edge` or above it count as gone. Never more than `most`. The rows that stay on the screen after
    this distance must not look the same as rows of the present screen at any shorter distance.
    """
    tops = [row.top for row in screen if row.top is not None and row.top > edge]
    for way in sorted({min(most, top - edge) for top in tops}, reverse=True):
        first = next(at for at, row in enumerate(screen) if row.top is not None and row.top >= edge + way)
        if not any(_looks_like(screen, first, above, way) for above in range(first)):
            return way
    if not tops:  # one row fills the screen: half of it must stay
        return most // 2 if screen else most
    known = [row.top for row in screen if row.top is not None]
    shifts = [later - earlier for earlier, later in pairwise(known)]
    return min([most, *(max(1, shift - 1 - 2 * NEAR) for shift in shifts)])


def _looks_like(screen: Sequence[Row], first: int, above: int, way: int) -> bool:
    """Returns whether the rows from `first` on look like those from `above` on, at most `way` pixels higher.

    A row that the upper edge cuts off begins above that edge.
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
    """Returns the least and the most that the list must have moved for all rows to be at their places; None: no bound.

    A row's edge that is on both screens gives the distance. One that is cut off on one of them is beyond that edge of
    the list. The least is greater than the most when the rows did not move by the same distance.
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
    """Returns the positions to which the list can have moved, of the most likely kind."""
    sound = [place for place in places if place.sound]
    forward = [place for place in sound if place.may_be(reach.least, reach.most)]
    if forward:
        return forward
    # rows that were added on top during the reading push the others down
    back = [place for place in sound if place.most is not None and place.most < reach.least]
    # a row grows when it gets its first reply
    return back or [place for place in places if not place.sound]


def _blind(places: Sequence[_Place], size: int) -> list[_Place]:
    """Returns the positions with enough agreeing rows: one of several may be another row that looks the same."""
    return [place for place in places if place.shared >= min(2, size)]


def _put(rows: list[R], screen: Sequence[R], place: _Place, *, gap: bool) -> Stitched:
    overlap = min(len(screen), len(rows) - place.start)
    for offset in range(overlap):
        if screen[offset].whole and not rows[place.start + offset].whole:
            rows[place.start + offset] = screen[offset]
    rows.extend(screen[overlap:])
    return Stitched(place.start, len(screen) - overlap, gap=gap, moved=place.moved)
