"""The comment panel over a video."""

from __future__ import annotations

from dataclasses import dataclass

from flows.counts import count_or_zero
from flows.pages.lists import Cut, ListPage, words
from flows.pages.replies import RepliesPage
from flows.screen import Node
from flows.stitch import Parts


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment as the panel shows it. `commenter` and `text` are None where the edge cut them off."""

    commenter: str | None
    text: str | None
    time: str
    likes: int
    replies: int
    liked: bool
    whole: bool
    node: Node
    top: int | None
    bottom: int | None
    like_button: Node | None
    reply_button: Node | None

    @property
    def parts(self) -> Parts:
        return self.commenter, self.text


class CommentsPage(ListPage[CommentRow]):
    """The comments of a video, newest of one's own first."""

    name = "comments"
    noun = "comments"

    @property
    def total(self) -> int:
        """The number that the app shows: replies included."""
        return count_or_zero(self.text("total"))

    @property
    def input(self) -> Node:
        return self.need("input")

    @property
    def send(self) -> Node:
        return self.need("send")

    def read_row(self, node: Node, cut: Cut) -> CommentRow:
        author, text = self.part("author", node), self.part("text", node)
        time, like, reply = self.part("time", node), self.part("like", node), self.part("reply", node)
        complete = None not in (author, time, like, reply)
        return CommentRow(
            commenter=author.text if author else None,
            text=words(text, author, time),
            time=time.text if time else "",
            likes=count_or_zero(self.text("likes", node)),
            replies=count_or_zero(self.text("replies", node)),
            liked=like is not None and like.selected,
            whole=complete and not cut.below,
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
            like_button=like,
            reply_button=reply,
        )

    def open_replies(self, row: CommentRow) -> RepliesPage:
        """Open the thread of a comment whose reply button is on the screen."""

        def button(page: CommentsPage) -> Node:
            same = [other for other in page.rows() if other.parts == row.parts and other.reply_button is not None]
            nearest = min(same, key=lambda other: abs(other.node.bounds[1] - row.node.bounds[1]))
            assert nearest.reply_button is not None
            return nearest.reply_button

        return self.go(button, RepliesPage)
