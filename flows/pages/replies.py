"""The thread of replies to one comment."""

from __future__ import annotations

from dataclasses import dataclass

from flows.pages.lists import Cut, ListPage, words
from flows.screen import Node
from flows.stitch import Parts


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """A reply as the thread shows it."""

    commenter: str | None
    text: str | None
    time: str
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def parts(self) -> Parts:
        return self.commenter, self.text


class RepliesPage(ListPage[ReplyRow]):
    """The comment itself and what was replied to it, newest last."""

    name = "replies"
    noun = "replies"

    @property
    def parent(self) -> tuple[str, str]:
        """Who wrote the comment, and what."""
        return self.text("parent_author"), self.text("parent_text")

    @property
    def input(self) -> Node:
        return self.need("input")

    @property
    def send(self) -> Node:
        return self.need("send")

    def read_row(self, node: Node, cut: Cut) -> ReplyRow:
        author, text, time = self.part("author", node), self.part("text", node), self.part("time", node)
        return ReplyRow(
            commenter=author.text if author else None,
            text=words(text, author, time),
            time=time.text if time else "",
            whole=None not in (author, time) and not cut.below,
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )
