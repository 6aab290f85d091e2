"""The base of all pages: each reads one dump through the selectors of the app's profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import ClassVar, Self, TypeVar

from flows.app import App
from flows.failures import FlowFailure
from flows.lossy import may_be
from flows.placeholders import is_placeholder, is_waiting_count
from flows.screen import Node, Screen

Q = TypeVar("Q", bound="Page")

GOES = 3  # taps at most to get from one page to another: a pop-up may intercept one
READS = 8  # looks at a screen that moves while its emoji are read
_COLON = re.compile("[：:]")
STAY = 15  # looks at a page that does not change before it is tapped again: about 5 seconds


class Page:
    """One screen that was recognised as a page. Its nodes are from one dump."""

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]] = ()  # parts that the app may fill in after it showed the page
    counts: ClassVar[tuple[str, ...]] = ()  # likewise, and empty where there is nothing to count
    identified_by: ClassVar[tuple[str, ...]] = ()  # of a video, or a panel over one: the parts that say which video

    def __init__(self, app: App, screen: Screen) -> None:
        self.app = app
        self.screen = screen
        self.read_at = app.session.now()  # the moment from which a shown time such as 3小时前 is calculated

    def id(self, part: str) -> str:
        """Returns the selector of a part of this page. A part that is missing in the profile is its defect."""
        try:
            return self.app.profile.pages[self.name].selector(part, self.screen)
        except KeyError:
            raise FlowFailure("page_drift", f"the profile has no selector {part!r} for page {self.name!r}") from None

    def knows(self, part: str) -> bool:
        """Returns whether the profile names this part of the page."""
        return part in self.app.profile.pages[self.name].selectors

    def part(self, part: str, within: Node | None = None) -> Node | None:
        """Returns the node of a part, on the page or within one of its nodes; None when it is missing."""
        return (within or self.screen).find(self.id(part))

    def need(self, part: str) -> Node:
        """Returns the node of a part. Raises FlowFailure('page_drift') when it is missing."""
        node = self.part(part)
        if node is None:
            details = {"page": self.name, "missing": self.id(part)}
            raise FlowFailure("page_drift", f"page {self.name} has no {part}", details)
        return node

    def text(self, part: str, within: Node | None = None) -> str:
        """Returns the text of a part; empty when the part is missing."""
        node = self.part(part, within)
        return node.text if node else ""

    @property
    def waiting(self) -> bool:
        """True while the page shows placeholders in place of values: `App.see` looks again."""
        shown = [part for part in self.fields if self.knows(part) and self.part(part) is not None]
        late = any(is_placeholder(_value(part, self.text(part))) for part in shown)
        return late or any(is_waiting_count(self.text(part)) for part in self.counts)

    def told(self, part: str) -> str:
        """Returns a field's text without an id's label. Raises FlowFailure('page_not_reached') for a placeholder."""
        text = _value(part, self.need(part).text)
        if is_placeholder(text):
            details = {"page": self.name, "waiting": self.id(part)}
            raise FlowFailure("page_not_reached", f"page {self.name} did not load its {part}: {text!r}", details)
        return text

    @property
    def identity(self) -> tuple[str, str]:
        """Returns which video the page shows, or lies over: the author's id and the title."""
        author, title = self.identified_by
        return self.told(author), self.told(title)

    def identity_may_be(self, identity: tuple[str, str]) -> bool:
        """Returns whether the dump does not rule out that the page shows this video, or lies over it."""
        found = [self.part(part) for part in self.identified_by]
        return all(
            node is not None and (may_be(node, value) or _value(part, node.text) == value)
            for part, node, value in zip(self.identified_by, found, identity, strict=True)
        )

    def whole(self, *parts: str) -> Self:
        """Reads the texts of these parts whole. Returns the page or a new look. Raises FlowFailure('text_unclear')."""
        return self.with_whole(lambda page: [node for part in parts if (node := page.part(part)) is not None])

    def with_whole(self, nodes: Callable[[Self], Iterable[Node]]) -> Self:
        """Reads the texts of these nodes whole. Returns the page, or a new look if it moved during the reading.

        Raises FlowFailure('text_unclear') and what `App.see` raises.
        """
        page = self
        for turn in range(READS):
            if turn:
                self.app.settle()
                page = self.app.see(type(self))
            if self.app.read(page.screen, nodes(page)):
                return page
        details = {"page": self.name}
        raise FlowFailure("text_unclear", f"page {self.name} moves while the emoji on it are read", details)

    def go(self, target: Callable[[Self], Node], to: type[Q]) -> Q:
        """Taps a node of this page and waits for the next page; taps again only if the first tap had no effect.

        Raises FlowFailure('page_not_reached') and what `App.see` raises.
        """
        page = self
        for _ in range(GOES):
            cleared = self.app.cleared
            self.app.tap(target(page))
            for turn in range(STAY):
                if turn:
                    self.app.settle()
                there: Page = self.app.see(to, type(self))
                if isinstance(there, to):
                    return there
                page = there  # type: ignore[assignment]
                if self.app.cleared != cleared:
                    break  # a pop-up took the tap
        details = {"page": self.name, "wanted": [to.name]}
        raise FlowFailure("page_not_reached", f"page {self.name} stays; expected {to.name}", details)


def _value(part: str, text: str) -> str:
    """Returns a field's own text: an id follows its label; a name or a title may contain a colon."""
    return after_colon(text) if part in ("id", "author_id", "video_author_id") else text


def after_colon(text: str) -> str:
    """Returns the id in a line such as 视频号ID：xp-motor."""
    return _COLON.split(text, maxsplit=1)[-1].strip()
