"""The thread of replies to one comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from flows.failures import FlowFailure
from flows.pages.lists import Cut, ListPage, dump_text, late, name_text, no_text, shows, told
from flows.screen import Node
from flows.stitch import Parts


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """A reply as the thread shows it. `author` and `words` are None where the edge cut them off."""

    author: Node | None
    words: Node | None
    wordless: bool  # seen whole, and without a text: a sticker
    time: str
    late: bool  # a field of it is still to come
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def commenter(self) -> str | None:
        """Who wrote it."""
        return told(self.author)

    @property
    def text(self) -> str | None:
        """What was written."""
        return self.words.text if self.words else "" if self.wordless else None

    @property
    def parts(self) -> Parts:
        return name_text(self.author), dump_text(self.words, self.wordless)

    @property
    def texts(self) -> list[Node]:
        """The nodes whose texts tell what the reply says."""
        return [node for node in (self.author, self.words) if node is not None]

    @property
    def told(self) -> bool:
        """Commenter and text are on the screen."""
        return self.commenter is not None and self.text is not None

    def says(self, target: tuple[str, str]) -> bool:
        """Is this a reply of that commenter with that text?"""
        return (self.commenter, self.text) == target

    def may_be(self, target: tuple[str, str]) -> bool:
        """Could this be the reply of that commenter with that text? Certain once its texts are read whole."""
        return shows(self.author, target[0]) and (shows(self.words, target[1]) or self.text == target[1])


class RepliesPage(ListPage[ReplyRow]):
    """The comment itself and what was replied to it, newest last."""

    name = "replies"
    noun = "replies"
    fields = ("parent_author",)

    @property
    def parent(self) -> tuple[str, str]:
        """Who wrote the comment, and what."""
        return self.text("parent_author"), self.text("parent_text")

    def of(self, target: tuple[str, str]) -> Self:
        """The page, when it is the thread of that comment. Raises FlowFailure('page_not_reached') for another's."""
        page = self.whole("parent_author", "parent_text")
        if page.parent != target:
            raise FlowFailure("page_not_reached", f"the thread of another comment opened: {page.parent}")
        return page

    @property
    def input(self) -> Node:
        return self.need("input")

    @property
    def send(self) -> Node:
        return self.need("send")

    def read_row(self, node: Node, cut: Cut) -> ReplyRow:
        author, text, time = self.part("author", node), self.part("text", node), self.part("time", node)
        return ReplyRow(
            author=author,
            words=text,
            wordless=no_text(text, author, time),
            time=told(time) or "",
            late=late(author) or late(time),
            whole=None not in (author, time) and not cut.below and not late(author),
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )
