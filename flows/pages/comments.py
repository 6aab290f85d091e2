"""The comment panel over a video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flows.counts import count_or_zero
from flows.failures import FlowFailure
from flows.pages.lists import Cut, late, no_text, told
from flows.pages.menu import MenuPage
from flows.pages.replies import RepliesPage
from flows.pages.written_row import WritingPage, WrittenRow
from flows.placeholders import is_waiting_count
from flows.screen import Node
from flows.stitch import agree


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRow(WrittenRow):
    """A comment as the panel shows it. `stamp` is None if the list's edge cut it off."""

    stamp: Node | None
    read_at: datetime
    likes: int | None
    replies: int | None
    liked: bool
    like_button: Node | None
    reply_button: Node | None
    more_button: Node | None = None

    @property
    def time(self) -> str:
        return told(self.stamp) or ""

    @property
    def texts(self) -> list[Node]:
        """Returns the nodes with the comment's texts and time."""
        return [node for node in (self.author, self.words, self.stamp) if node is not None]


class CommentsPage(WritingPage[CommentRow]):
    """The comments of a video; the account's own comments come first, newest first."""

    name = "comments"
    noun = "comments"
    fields = WritingPage.identified_by
    counts = ("total",)

    @property
    def total(self) -> int:
        """Returns the number of comments that the app shows, replies included."""
        return count_or_zero(self.text("total"))

    def read_row(self, node: Node, cut: Cut) -> CommentRow:
        author, text = self.part("author", node), self.part("text", node)
        time, like, reply = self.part("time", node), self.part("like", node), self.part("reply", node)
        complete = None not in (author, time, like, reply)
        return CommentRow(
            author=author,
            words=text,
            wordless=no_text(text, author, time),
            stamp=time,
            read_at=self.read_at,
            likes=_count(self.text("likes", node)),
            replies=_count(self.text("replies", node)),
            late=late(author) or late(time) or is_waiting_count(self.text("likes", node)),
            liked=like is not None and like.selected,
            whole=complete and not cut.below and not late(author),
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
            like_button=like,
            reply_button=reply,
            more_button=self.part("more", node) if self.knows("more") else None,
        )

    def open_replies(self, row: CommentRow) -> RepliesPage:
        """Opens the thread of a comment whose reply button is on the screen."""

        return self.go(lambda page: page._button(row, lambda other: other.reply_button), RepliesPage)

    def open_menu(self, row: CommentRow) -> MenuPage:
        """Opens the menu of a comment whose "more" button is on the screen."""
        return self.go(lambda page: page._button(row, lambda other: other.more_button), MenuPage)

    def _button(self, row: CommentRow, button: Callable[[CommentRow], Node | None]) -> Node:
        """Returns the button of the row, in this look at the list. Raises FlowFailure('page_not_reached')."""
        same = [other for other in self.rows() if agree(other.parts, row.parts) and button(other) is not None]
        nearest = min(same, key=lambda other: abs(other.node.bounds[1] - row.node.bounds[1]), default=None)
        found = None if nearest is None else button(nearest)
        if found is None:
            raise FlowFailure("page_not_reached", "the comment's buttons are not on the screen any more")
        return found


def _count(text: str) -> int | None:
    """Returns a number of likes or replies: 0 if the app shows none, None while it has not loaded."""
    return None if is_waiting_count(text) else count_or_zero(text)
