"""An author's page with the list of videos."""

from __future__ import annotations

from dataclasses import dataclass

from flows.counts import count_or_zero
from flows.pages.lists import Cut, ListPage, words
from flows.pages.page import after_colon
from flows.pages.video import VideoPage
from flows.screen import Node
from flows.stitch import Parts

CUT = "…"


@dataclass(frozen=True, slots=True)
class VideoRow:
    """A video in the list. `title` may be cut off with …; `shown` counts comments, replies included."""

    title: str | None
    shown: int
    time: str
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def parts(self) -> Parts:
        # neither count nor time: 刚刚 turns into 1分钟前 while one reads
        return (self.title,)

    def may_be(self, title: str) -> bool:
        """Could this be the video with that full title?"""
        if self.title is None:
            return False
        return self.title == title or (self.title.endswith(CUT) and title.startswith(self.title.removesuffix(CUT)))


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
            title=words(title, None if cut.above else node, count),
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
            same = [other.node for other in page.rows() if other.title == row.title]
            return min(same or [row.node], key=lambda node: abs(node.bounds[1] - row.node.bounds[1]))

        return self.go(target, VideoPage)
