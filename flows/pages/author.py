"""An author's page with the list of videos."""

from __future__ import annotations

from dataclasses import dataclass

from flows.counts import count_or_zero
from flows.lossy import dumped, may_be
from flows.pages.lists import Cut, ListPage, dump_text, no_text
from flows.pages.page import after_colon
from flows.pages.video import VideoPage
from flows.screen import Node
from flows.stitch import Parts, agree

CUT = "…"


@dataclass(frozen=True, slots=True)
class VideoRow:
    """A video in the list. `heading` is the node of its title, None where the edge cut it off.

    `title` ends with … where the app cut it; `shown` counts comments, replies included.
    """

    heading: Node | None
    untitled: bool  # seen whole, and without a title
    shown: int
    time: str
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def title(self) -> str | None:
        return self.heading.text if self.heading else "" if self.untitled else None

    @property
    def parts(self) -> Parts:
        # neither count nor time: 刚刚 turns into 1分钟前 while one reads
        return (dump_text(self.heading, self.untitled),)

    @property
    def texts(self) -> list[Node]:
        """The nodes whose texts tell which video it is."""
        return [self.heading] if self.heading else []

    def may_be(self, title: str) -> bool:
        """Could this be the video with that full title?"""
        if self.heading is None:
            return self.title == title
        shown, full = self.heading.text, dumped(title) if self.heading.unclear else title
        return may_be(self.heading, title) or (shown.endswith(CUT) and full.startswith(shown.removesuffix(CUT)))


class AuthorPage(ListPage[VideoRow]):
    """The videos of an author, newest first."""

    name = "author"
    noun = "videos"

    @property
    def author_id(self) -> str:
        return after_colon(self.need("id").text)

    @property
    def author(self) -> str:
        return self.text("name")

    def read_row(self, node: Node, cut: Cut) -> VideoRow:
        title, count, time = self.part("title", node), self.part("count", node), self.part("time", node)
        return VideoRow(
            heading=title,
            untitled=no_text(title, None if cut.above else node, count),
            shown=count_or_zero(count.text) if count else 0,
            time=time.text if time else "",
            whole=None not in (count, time) and not cut.below,
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )

    def open_video(self, row: VideoRow) -> VideoPage:
        """Open a video whose row is on the screen."""

        def target(page: AuthorPage) -> Node:
            same = [other.node for other in page.rows() if agree(other.parts, row.parts)]
            return min(same or [row.node], key=lambda node: abs(node.bounds[1] - row.node.bounds[1]))

        return self.go(target, VideoPage)
