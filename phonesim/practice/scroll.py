"""A scrolling list that loads in parts of 20. Lengths are design units.

On a rough phone the list runs on after the finger has left it, slower and slower, until a finger stops it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Generic, Protocol, TypeVar

PART = 20
FOOTER = 130  # height of the last row: 没有更多了, loading, or retry
GLIDE = 0.6  # seconds that a list runs on
NEAR = 900  # how far from the end the next part begins to load

T = TypeVar("T")


class Loads(Protocol):
    """How loading fares on this phone now."""

    def now(self) -> float:
        """Seconds, from the phone's clock."""

    def load_seconds(self) -> float:
        """How long a part takes to load."""

    def load_fails(self) -> bool:
        """Does the load that is due now fail? Asked once for each."""

    def run_on(self) -> float:
        """By how many times the finger's way the list runs on after a swipe that ends now; 0 if it stands still."""


class Loading(StrEnum):
    """What the end of a list is doing."""

    IDLE = "idle"
    BUSY = "busy"
    FAILED = "failed"
    ENDED = "ended"


class PartList(Generic[T]):
    """The rows loaded so far, how far they are scrolled, and the part that is on its way."""

    def __init__(self, source: Iterator[T], height: Callable[[T], int], loads: Loads) -> None:
        """`source` gives the rows in order; `height` is a row's height."""
        self._source = source
        self._height = height
        self._loads = loads
        self._tops = [0]  # of every row, and the end of the last
        self._due = 0.0
        self._glide: tuple[float, int, int] | None = None  # since when it runs on, from where, how far
        self.rows: list[T] = []
        self.offset = 0
        self.viewport = 0
        self.loading = Loading.IDLE
        self.load()

    def load(self) -> None:
        """Begin to load the next part, unless it is on its way or there is none."""
        if self.loading in (Loading.IDLE, Loading.FAILED):
            self.loading = Loading.BUSY
            self._due = self._loads.now() + self._loads.load_seconds()
            self.settle()

    def settle(self) -> None:
        """Take in the part that is due by now, and how far the list ran on."""
        self._run_on()
        if self.loading is not Loading.BUSY or self._loads.now() < self._due:
            return
        if self._loads.load_fails():
            self.loading = Loading.FAILED
            return
        part = list(islice(self._source, PART))
        for row in part:
            self._tops.append(self._tops[-1] + self._height(row))
        self.rows.extend(part)
        self.loading = Loading.IDLE if len(part) == PART else Loading.ENDED

    def fit(self, viewport: int) -> None:
        """Say how much of the list the screen shows; the next part loads if the end is near."""
        self.settle()
        self.viewport = viewport
        self.offset = max(0, min(self.offset, self._limit()))
        if self.loading is Loading.IDLE and self._tops[-1] - self.offset - viewport < NEAR:
            self.load()

    def scroll(self, down: int) -> None:
        """Follow the finger: `down` is its way; a finger that goes up (negative) shows later rows."""
        self.settle()
        self._glide = None
        self.offset = max(0, min(self.offset - down, self._limit()))
        more = round(-down * self._loads.run_on())
        if more:
            self._glide = (self._loads.now(), self.offset, more)
        self.fit(self.viewport)

    def _run_on(self) -> None:
        if self._glide is None:
            return
        since, start, more = self._glide
        part = min(1.0, (self._loads.now() - since) / GLIDE)
        self.offset = max(0, min(start + round(more * (1 - (1 - part) ** 2)), self._limit()))
        if part == 1.0:
            self._glide = None

    def visible(self) -> Iterator[tuple[T, int, int]]:
        """The rows on the screen with their top and height; tops count from the viewport's top."""
        first = max(0, bisect_right(self._tops, self.offset) - 1)
        for index in range(first, len(self.rows)):
            top = self._tops[index] - self.offset
            if top >= self.viewport:
                return
            yield self.rows[index], top, self._tops[index + 1] - self._tops[index]

    def footer(self) -> int | None:
        """Where the list's end is on the screen, counted from the viewport's top; None below it."""
        top = self._tops[-1] - self.offset
        return top if top < self.viewport else None

    def put_first(self, row: T) -> None:
        """A new row on top; the list scrolls there."""
        self._put(0, row)
        self._glide = None
        self.offset = 0

    def put_last(self, row: T) -> None:
        """A new row at the end, once all others are loaded; the list scrolls there."""
        self._put(len(self.rows), row)
        self._glide = None
        self.offset = max(0, self._limit())

    def take_all(self) -> None:
        """Load all that is left, at once."""
        for row in self._source:
            self._put(len(self.rows), row)
        self.loading = Loading.ENDED

    def measure(self) -> None:
        """Lay the rows out anew after what they show has changed."""
        self._tops = [0]
        for row in self.rows:
            self._tops.append(self._tops[-1] + self._height(row))

    def _put(self, index: int, row: T) -> None:
        self.rows.insert(index, row)
        height = self._height(row)
        later = [top + height for top in self._tops[index:]]
        self._tops[index:] = [self._tops[index], *later]

    def _limit(self) -> int:
        return max(0, self._tops[-1] + FOOTER - self.viewport)
