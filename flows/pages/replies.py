"""The thread of replies to one comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from flows.failures import FlowFailure
from flows.pages.lists import Cut, late, no_text, told
from flows.pages.written_row import WritingPage, WrittenRow
from flows.screen import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRow(WrittenRow):
    """A reply as the thread shows it."""

    time: str


class RepliesPage(WritingPage[ReplyRow]):
    """A comment and its replies, newest last."""

    name = "replies"
    noun = "replies"
    fields = ("parent_author", *WritingPage.identified_by)

    @property
    def parent(self) -> tuple[str, str]:
        """Returns the commenter and the text of the comment."""
        return self.text("parent_author"), self.text("parent_text")

    def of(self, target: tuple[str, str]) -> Self:
        """Returns the page if it is that comment's thread. Raises FlowFailure('page_not_reached') for another one."""
        page = self.whole("parent_author", "parent_text")
        if page.parent != target:
            raise FlowFailure("page_not_reached", f"the thread of another comment opened: {page.parent}")
        return page

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
