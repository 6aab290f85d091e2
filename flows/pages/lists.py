"""Lists that scroll, read screen by screen into one sequence of rows."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar

from flows import stitch
from flows.app import App
from flows.failures import FlowFailure
from flows.pages.page import Page
from flows.screen import Node

LOADING_LOOKS = 25  # looks at a list that says it is loading: about 8 seconds
RETRIES = 2  # taps on "loading failed, tap to retry"
GAP_TRIES = 2  # times back a bit when two screens do not overlap
STUCK = 3  # swipes that move nothing before the list counts as ended
KEEP = 40  # pixels of air above the row that is dragged to the top, so that it stays whole


class ListRow(stitch.Row, Protocol):
    """A row that knows its node on the screen it was read from."""

    @property
    def node(self) -> Node: ...


R = TypeVar("R", bound=ListRow)


def _tells(row: ListRow) -> bool:
    return any(part is not None for part in row.parts)


class Cut(NamedTuple):
    """Does a row reach the upper edge of its list, or the lower, so that it may be cut off there?"""

    above: bool
    below: bool

    def height(self, node: Node) -> int:
        """The row's height in pixels; 0 when it may be cut off."""
        return 0 if self.above or self.below else node.height


class ListPage(Page, Generic[R]):
    """A page with a list. Its profile names the parts list, row, end, loading and retry."""

    noun: ClassVar[str]  # what a row is, for people

    def read_row(self, node: Node, cut: Cut) -> R:
        """One row; parts that an edge cut off are None."""
        raise NotImplementedError

    def rows(self) -> list[R]:
        """The rows on this screen, clipped ones included, those with nothing to tell them by left out."""
        return [row for row in self._all_rows if _tells(row)]

    @property
    def slivers_above(self) -> int:
        """Rows at the upper edge of which nothing is left that tells them."""
        return next((place for place, row in enumerate(self._all_rows) if _tells(row)), 0)

    @cached_property
    def _all_rows(self) -> list[R]:
        area = self.part("list")
        if area is None:
            return []
        _, top, _, bottom = area.bounds
        nodes = area.all(self.id("row"))
        return [self.read_row(node, Cut(node.bounds[1] <= top, node.bounds[3] >= bottom)) for node in nodes]

    @property
    def ended(self) -> bool:
        """The end of the list is on the screen."""
        return self.part("end") is not None

    @property
    def loading(self) -> bool:
        return self.part("loading") is not None

    def scroll_down(self) -> None:
        """Drag the list up by two thirds; the watch is not asked, see `App.glance`."""
        area = self.need("list")
        x, y = area.center
        self.app.session.phone.swipe((x, y + area.height // 3), (x, y - area.height // 3), 0.3)

    def loaded(self) -> Self:
        """The page once its list shows rows or its end, after retries.

        Raises FlowFailure('list_not_loaded'), which never means that something is not there.
        """
        page, retries = self, 0
        for _ in range(LOADING_LOOKS):
            retry = page.part("retry")
            if retry is None and (page.ended or (page.rows() and not page.loading)):
                return page
            if retry is not None:
                if retries == RETRIES:
                    break
                retries += 1
                self.app.tap(retry)
            else:
                self.app.settle()
            page = self.app.see(type(self))
        details = {"page": self.name, "retries": retries}
        raise FlowFailure("list_not_loaded", f"the list of {self.noun} did not load", details)


L = TypeVar("L", bound=ListPage)  # type: ignore[type-arg]


class Walk(Generic[L, R]):
    """A walk down a list. `rows` is what was seen so far, `page` the screen it is on now."""

    def __init__(self, page: L) -> None:
        self.app: App = page.app
        self.page: L = page.loaded()
        self.rows: list[R] = []
        self.screens = 1
        self.gaps = 0
        self._start = 0
        self._stuck = 0
        self._add(None)

    def here(self) -> list[tuple[int, R]]:
        """The rows on the present screen with their places in the sequence."""
        return [(self._start + offset, row) for offset, row in enumerate(self.page.rows())]

    @property
    def ended(self) -> bool:
        """Nothing comes after the present screen."""
        return self.page.ended or self._stuck >= STUCK

    def advance(self) -> bool:
        """One screen further down; False at the end of the list. Raises FlowFailure('list_not_loaded')."""
        if self.ended:
            return False
        way, before = self._way(), self.page.rows()
        top = self._area().bounds[1]
        passed = sum(row.node.bounds[3] - way <= top for row in before)
        self._drag(way)
        start, known = self._start, len(self.rows)
        # the end of a list stops it before the finger does
        self._add(None if self.page.ended else self._start + passed + self.page.slivers_above)
        self._stuck = self._stuck + 1 if (self._start, len(self.rows)) == (start, known) else 0
        return True

    def resume(self, page: L) -> None:
        """Go on from a page that was left for another: the list may have jumped back to its top meanwhile."""
        self.page = page.loaded()
        self._add(self._start)

    def _add(self, expected: int | None) -> None:
        """Put the present screen onto the sequence, going back a bit where it does not join."""
        for _ in range(GAP_TRIES):
            joined = stitch.stitch(self.rows, self.page.rows(), expected)
            if not joined.gap:
                break
            self._drag(-self._area().height // 3)
            expected = None
        else:
            joined = stitch.stitch(self.rows, self.page.rows(), None)
            if joined.gap:
                self.gaps += 1
                joined = stitch.bridge(self.rows, self.page.rows())
        self._start = joined.start

    def _area(self) -> Node:
        return self.page.need("list")

    def _way(self) -> int:
        """How far to drag, in pixels, so that the last whole row becomes the first."""
        area = self._area()
        top, most = area.bounds[1], area.height - 2 * KEEP
        whole = [row for row in self.page.rows() if row.whole]
        way = whole[-1].node.bounds[1] - top - KEEP if whole else 0
        return min(way, most) if way > 2 * KEEP else area.height // 2

    def _drag(self, way: int) -> None:
        left, top, right, bottom = self._area().bounds
        x, y = (left + right) // 2, bottom - KEEP if way > 0 else top + KEEP
        self.app.swipe((x, y), (x, y - way))
        self.screens += 1
        self.page = self.app.see(type(self.page)).loaded()
