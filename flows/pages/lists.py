"""Lists that scroll, read screen by screen into one sequence of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar

from flows import stitch
from flows.app import App
from flows.failures import FlowFailure
from flows.lossy import may_be
from flows.pages.page import Page
from flows.placeholders import is_placeholder
from flows.screen import Node
from flows.scrolls import RUN_ON

LOADING_LOOKS = 25  # looks at a list that says it is loading: about 8 seconds
RETRIES = 2  # taps on "loading failed, tap to retry"
GAP_TRIES = 3  # times back a bit when two screens do not overlap
STILL_LOOKS = 15  # looks until a list stands still: about 4 seconds, longer than any fling
LEAST_WAY = 64  # pixels; a shorter way is a tap
STUCK = 3  # swipes that move nothing before the list counts as ended
KEEP = 40  # pixels of air above the row that is dragged to the top, so that it stays whole


class ListRow(stitch.Row, Protocol):
    """A row that knows its node on the screen it was read from."""

    @property
    def node(self) -> Node: ...

    @property
    def texts(self) -> list[Node]: ...

    @property
    def late(self) -> bool: ...


R = TypeVar("R", bound=ListRow)


def _tells(row: ListRow) -> bool:
    return any(part is not None for part in row.parts)


class Cut(NamedTuple):
    """Does a row reach the upper edge of its list, or the lower, so that it may be cut off there?"""

    above: bool
    below: bool

    def top(self, node: Node) -> int | None:
        """The pixel at which the row begins; None when it may be cut off there."""
        return None if self.above else node.bounds[1]

    def bottom(self, node: Node) -> int | None:
        """The pixel at which the row ends; None when it may be cut off there."""
        return None if self.below else node.bounds[3]


def no_text(text: Node | None, above: Node | None, below: Node | None) -> bool:
    """Has a row no text, as one with a sticker? What lies above and below it is there, so that no edge cut it off."""
    return text is None and above is not None and below is not None


def dump_text(node: Node | None, empty: bool = False) -> str | None:
    """What tells a row, the same on each dump: a text as the dump has it; None where an edge cut it off."""
    return node.dump_text if node else "" if empty else None


def late(node: Node | None) -> bool:
    """Is the node's text, a name, a title or a time, still to come?"""
    return node is not None and is_placeholder(node.text)


def told(node: Node | None) -> str | None:
    """A name or a title; None where an edge cut it off, and while it is still to come."""
    return None if node is None or late(node) else node.text


def name_text(node: Node | None, empty: bool = False) -> str | None:
    """As `dump_text`, of a name or a title, which may still be to come."""
    return None if late(node) else dump_text(node, empty)


def shows(node: Node | None, text: str) -> bool:
    """Could the node's text be this one?"""
    return node is not None and may_be(node, text)


def most_screens(rows: int) -> int:
    """Screens at most for so many rows: where rows look alike, a list is moved by less than a row."""
    return 8 * rows + 50


class ListPage(Page, Generic[R]):
    """A page with a list. Its profile names the parts list, row, end, loading and retry."""

    noun: ClassVar[str]  # what a row is, for people

    def read_row(self, node: Node, cut: Cut) -> R:
        """One row; parts that an edge cut off are None."""
        raise NotImplementedError

    def rows(self) -> list[R]:
        """The rows on this screen, clipped ones included, those with nothing to tell them by left out."""
        return [row for row in self._all_rows if _tells(row)]

    @cached_property
    def _all_rows(self) -> list[R]:
        area = self.part("list")
        if area is None:
            return []
        _, top, _, bottom = area.bounds
        nodes = area.all(self.id("row"))
        return [self.read_row(node, Cut(node.bounds[1] <= top, node.bounds[3] >= bottom)) for node in nodes]

    @property
    def waiting(self) -> bool:
        return super().waiting or any(row.late for row in self._all_rows)

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

    def __init__(self, page: L, matters: Callable[[R], bool] = lambda _: False) -> None:
        """`matters`: is something decided or stored by this row's texts? They are read whole while it is there."""
        self.app: App = page.app
        self._matters = matters
        self.page: L = self._read(page)
        self.rows: list[R] = []
        self.screens = 1
        self.gaps = 0
        self._start = 0
        self._stuck = 0
        self._lost = False
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
        scrolls, before, start = self.app.scrolls, self.page.rows(), self._start
        factor = RUN_ON if stitch.repeats(self.rows) and scrolls.steady else scrolls.factor
        way = self._way(factor)
        was, (_, top, _, bottom) = _layout(self.page), self._area().bounds
        edges = top, bottom
        self._drag(way, steady=scrolls.steady and factor < RUN_ON)
        joined = self._add(stitch.Reach(start, before, 0, round(way * factor), edges))
        if joined.moved is not None and not self.page.ended:
            scrolls.note(way, joined.moved)
        unmoved = _layout(self.page) == was
        self._stuck = self._stuck + 1 if unmoved else 0
        self.gaps += unmoved and self._lost  # it moved, and was brought back to where it was
        return True

    def resume(self, page: L) -> None:
        """Go on from a page that was left for another: the list may have jumped back to its top meanwhile."""
        was, self.page = _layout(self.page), self._read(page)
        if _layout(self.page) != was:
            self._add(None)

    def stands(self) -> bool:
        """Does the list stand still, as it must before one of its rows is touched? False when rows moved meanwhile.

        `page` is a new look in either case.
        """
        was = _layout(self.page)
        self.page = self._read(self._still())
        if _layout(self.page) == was:
            return True
        self.app.scrolls.distrust()
        self._add(None)
        return False

    def _add(self, reach: stitch.Reach | None) -> stitch.Stitched:
        """Put the present screen onto the sequence, going back a bit where it does not join."""
        joined = stitch.stitch(self.rows, self.page.rows(), reach)
        self._lost = not joined.joined
        if self._lost:
            self.app.scrolls.distrust()
            self.page = self._read(self._still())
        for turn in range(GAP_TRIES):
            if joined.joined:
                break
            if turn:
                self._drag(-self._area().height // 3)
            joined = stitch.stitch(self.rows, self.page.rows())
        else:
            if not joined.joined:
                joined = stitch.bridge(self.rows, self.page.rows())
        self.gaps += joined.gap
        self._start = joined.start
        return joined

    def _area(self) -> Node:
        return self.page.need("list")

    def _way(self, factor: float) -> int:
        """How far to drag, in pixels, so that the rows tell the place however far the list runs on."""
        area = self._area()
        farthest = stitch.farthest(self.page.rows(), area.bounds[1] + KEEP, area.height)
        return max(LEAST_WAY, min(int(farthest / factor), area.height - 2 * KEEP))

    def _drag(self, way: int, *, steady: bool = False) -> None:
        left, top, right, bottom = self._area().bounds
        x, y = (left + right) // 2, bottom - KEEP if way > 0 else top + KEEP
        self.app.swipe((x, y), (x, y - way))
        self.screens += 1
        self.page = self.app.see(type(self.page)).loaded()
        self.page = self._read(self.page if steady else self._still())

    def _read(self, page: L) -> L:
        """The page once its list is there and the texts that matter are read whole."""
        return page.loaded().with_whole(
            lambda seen: [node for row in seen.rows() if self._matters(row) for node in row.texts]
        )

    def _still(self) -> L:
        """The page once two looks agree where its rows are: a list runs on after the finger has left it."""
        page = self.page
        for turn in range(STILL_LOOKS):
            if turn:
                self.app.settle()
            there = self.app.see(type(page)).loaded()
            if _layout(there) == _layout(page):
                return there
            page = there
        return page


def _layout(page: ListPage[R]) -> list[tuple[stitch.Parts, object]]:
    """Which rows stand where."""
    return [(row.parts, row.node.bounds) for row in page.rows()]
