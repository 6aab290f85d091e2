"""Reads scrolling lists, screen by screen, into one sequence of rows."""

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

LOADING_LOOKS = 25  # looks at a list that is loading: about 8 seconds
RETRIES = 2  # taps on "loading failed, tap to retry"
GAP_TRIES = 3  # times that a list is moved back a bit because two screens do not overlap
STILL_LOOKS = 15  # looks until a list stands still: about 4 seconds, longer than any fling
LEAST_WAY = 64  # pixels; a shorter way is a tap
STUCK = 3  # swipes that move nothing before the list counts as ended
KEEP = 40  # pixels of air above the row that is dragged to the top, so that it stays whole


class ListRow(stitch.Row, Protocol):
    """A row with its node on the screen from which it was read."""

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
    """Whether a row touches the upper and the lower edge of its list, so that it may be cut off there."""

    above: bool
    below: bool

    def top(self, node: Node) -> int | None:
        """Returns the pixel at which the row begins; None when it may be cut off there."""
        return None if self.above else node.bounds[1]

    def bottom(self, node: Node) -> int | None:
        """Returns the pixel at which the row ends; None when it may be cut off there."""
        return None if self.below else node.bounds[3]


def no_text(text: Node | None, above: Node | None, below: Node | None) -> bool:
    """Returns whether a row has no text, like a sticker: the nodes above and below are there, so it is not cut off."""
    return text is None and above is not None and below is not None


def dump_text(node: Node | None, empty: bool = False) -> str | None:
    """Returns a row's text in the dump's form, the same in each dump; None if an edge cut it off."""
    return node.dump_text if node else "" if empty else None


def late(node: Node | None) -> bool:
    """Returns whether the node's text, a name, a title or a time, has not loaded."""
    return node is not None and is_placeholder(node.text)


def told(node: Node | None) -> str | None:
    """Returns a name or a title; None if an edge cut it off, or while it has not loaded."""
    return None if node is None or late(node) else node.text


def name_text(node: Node | None, empty: bool = False) -> str | None:
    """As `dump_text`, for a name or a title, which may not have loaded."""
    return None if late(node) else dump_text(node, empty)


def shows(node: Node | None, text: str) -> bool:
    """Returns whether the node's text may be this one."""
    return node is not None and may_be(node, text)


def most_screens(rows: int) -> int:
    """Returns the most screens to read for so many rows: a list of similar rows moves by less than a row at a time."""
    return 8 * rows + 50


class ListPage(Page, Generic[R]):
    """A page with a list. Its profile names the parts list, row, end, loading and retry."""

    noun: ClassVar[str]  # the word for a row, for people

    def read_row(self, node: Node, cut: Cut) -> R:
        """Reads one row; parts that an edge cut off are None."""
        raise NotImplementedError

    def rows(self) -> list[R]:
        """Returns the rows on this screen, including clipped ones, except those that show nothing identifying."""
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
        """True when the end of the list is on the screen."""
        return self.part("end") is not None

    @property
    def loading(self) -> bool:
        return self.part("loading") is not None

    def scroll_down(self) -> None:
        """Drags the list up by two thirds, without asking the watch, see `App.glance`."""
        area = self.need("list")
        x, y = area.center
        self.app.session.phone.drag((x, y + area.height // 3), (x, y - area.height // 3))

    def loaded(self) -> Self:
        """Waits until the list shows rows or its end, and retries loading. Returns the page.

        Raises FlowFailure('list_not_loaded'), which never means that a row does not exist.
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
    """A walk down a list. `rows` are the rows seen so far, `page` is the present screen."""

    def __init__(self, page: L, matters: Callable[[R], bool] = lambda _: False) -> None:
        """`matters` returns whether a row's texts decide something or are stored: then they are read whole."""
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
        """Returns the rows on the present screen with their positions in the sequence."""
        return [(self._start + offset, row) for offset, row in enumerate(self.page.rows())]

    @property
    def ended(self) -> bool:
        """True when no row follows the present screen."""
        return self.page.ended or self._stuck >= STUCK

    def advance(self) -> bool:
        """Moves one screen down. Returns False at the end of the list. Raises FlowFailure('list_not_loaded')."""
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
        self.gaps += unmoved and self._lost  # the list moved, and was brought back to where it was
        return True

    def resume(self, page: L) -> None:
        """Continues on a page that was left for another one: the list may have jumped to its top meanwhile."""
        was, self.page = _layout(self.page), self._read(page)
        if _layout(self.page) != was:
            self._add(None)

    def stands(self) -> bool:
        """Looks again, and returns whether the list stands still, as it must before a row is tapped.

        `page` is the new look in either case.
        """
        was = _layout(self.page)
        self.page = self._read(self._still())
        if _layout(self.page) == was:
            return True
        self.app.scrolls.distrust()
        self._add(None)
        return False

    def _add(self, reach: stitch.Reach | None) -> stitch.Stitched:
        """Adds the present screen to the sequence; moves the list back a bit if the screen does not join."""
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
        """Returns how far to drag, in pixels, so that the rows show the position, however far the list runs on."""
        area = self._area()
        farthest = stitch.farthest(self.page.rows(), area.bounds[1] + KEEP, area.height)
        return max(LEAST_WAY, min(int(farthest / factor), area.height - 2 * KEEP))

    def _drag(self, way: int, *, steady: bool = False) -> None:
        left, top, right, bottom = self._area().bounds
        x, y = (left + right) // 2, bottom - KEEP if way > 0 else top + KEEP
        self.app.drag((x, y), (x, y - way))
        self.screens += 1
        self.page = self.app.see(type(self.page)).loaded()
        self.page = self._read(self.page if steady else self._still())

    def _read(self, page: L) -> L:
        """Waits for the page's list, and reads the texts that matter whole. Returns the page."""
        return page.loaded().with_whole(
            lambda seen: [node for row in seen.rows() if self._matters(row) for node in row.texts]
        )

    def _still(self) -> L:
        """Looks until two looks show the rows at the same places, because a list runs on after a swipe."""
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
    """Returns the rows and their places."""
    return [(row.parts, row.node.bounds) for row in page.rows()]
