"""The comment panel over a video."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flows.counts import count_or_zero
from flows.pages.lists import Cut, ListPage, dump_text, late, name_text, no_text, shows, told
from flows.pages.replies import RepliesPage
from flows.placeholders import is_waiting_count
from flows.screen import Node
from flows.stitch import Parts, agree


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment as the panel shows it. `author`, `words` and `stamp` are None where the edge cut them off."""

    author: Node | None
    words: Node | None
    wordless: bool  # seen whole, and without a text: a sticker
    stamp: Node | None
    read_at: datetime
    likes: int | None
    replies: int | None
    late: bool  # a field of it is still to come
    liked: bool
    whole: bool
    node: Node
    top: int | None
    bottom: int | None
    like_button: Node | None
    reply_button: Node | None

    @property
    def commenter(self) -> str | None:
        """Who wrote it."""
        return told(self.author)

    @property
    def text(self) -> str | None:
        """What was written."""
        return self.words.text if self.words else "" if self.wordless else None

    @property
    def time(self) -> str:
        return told(self.stamp) or ""

    @property
    def parts(self) -> Parts:
        return name_text(self.author), dump_text(self.words, self.wordless)

    @property
    def texts(self) -> list[Node]:
        """The nodes whose texts tell what the comment says."""
        return [node for node in (self.author, self.words, self.stamp) if node is not None]

    @property
    def told(self) -> bool:
        """Commenter and text are on the screen."""
        return self.commenter is not None and self.text is not None

    def says(self, target: tuple[str, str]) -> bool:
        """Is this a comment of that commenter with that text?"""
        return (self.commenter, self.text) == target

    def may_be(self, target: tuple[str, str]) -> bool:
        """Could this be the comment of that commenter with that text? Certain once its texts are read whole."""
        return shows(self.author, target[0]) and (shows(self.words, target[1]) or self.text == target[1])


class CommentsPage(ListPage[CommentRow]):
    """The comments of a video, newest of one's own first."""

    name = "comments"
    noun = "comments"
    counts = ("total",)

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
        )

    def open_replies(self, row: CommentRow) -> RepliesPage:
        """Open the thread of a comment whose reply button is on the screen."""

        def button(page: CommentsPage) -> Node:
            same = [other for other in page.rows() if agree(other.parts, row.parts) and other.reply_button is not None]
            nearest = min(same, key=lambda other: abs(other.node.bounds[1] - row.node.bounds[1]))
            assert nearest.reply_button is not None
            return nearest.reply_button

        return self.go(button, RepliesPage)


def _count(text: str) -> int | None:
    """Likes or replies; 0 where the app shows none, None while the number is still to come."""
    return None if is_waiting_count(text) else count_or_zero(text)
