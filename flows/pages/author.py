"""An author's page with the list of videos."""

from __future__ import annotations

from dataclasses import dataclass

from flows.counts import MOST, Count, read_count
from flows.pages.lists import Cut, ListPage, late, name_text, no_text, told
from flows.pages.titles import may_be_cut, place_of
from flows.pages.video import VideoPage
from flows.placeholders import is_waiting_count
from flows.screen import Node
from flows.stitch import Parts


@dataclass(frozen=True, slots=True)
class VideoRow:
    """A video in the list. `heading` is the node of its title, None if the list's edge cut it off.

    `title` ends with … if the app cut it; `shown` counts comments, replies included.
    """

    heading: Node | None
    untitled: bool  # the whole row was seen, and it has no title
    count: Count | None
    late: bool  # one of its fields has not loaded
    time: str
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def title(self) -> str | None:
        return "" if self.untitled else told(self.heading)

    @property
    def shown(self) -> int:
        """Returns the number of comments that the app shows; 0 if it shows none."""
        return self.count.value if self.count else 0

    @property
    def at_least(self) -> int:
        """Returns the least number of comments: a rounded number may have been rounded up."""
        return self.count.least if self.count else 0

    @property
    def at_most(self) -> int:
        """Returns the greatest number of comments: a cut one (1.2万, 10万+) may be more, a missing one anything."""
        return self.count.most if self.count else MOST if self.late else 0

    @property
    def parts(self) -> Parts:
        # without count and time: 刚刚 becomes 1分钟前 during the reading
        return (name_text(self.heading, self.untitled),)

    @property
    def texts(self) -> list[Node]:
        """Returns the nodes whose texts identify the video."""
        return [self.heading] if self.heading else []

    def may_be(self, title: str) -> bool:
        """Returns whether this may be the video with that full title."""
        if self.heading is None:
            return self.title == title
        return may_be_cut(self.heading, title)


class AuthorPage(ListPage[VideoRow]):
    """The videos of an author, newest first."""

    name = "author"
    noun = "videos"
    fields = ("id", "name")

    @property
    def author_id(self) -> str:
        return self.told("id")

    @property
    def author(self) -> str:
        return self.told("name")

    def read_row(self, node: Node, cut: Cut) -> VideoRow:
        title, count, time = self.part("title", node), self.part("count", node), self.part("time", node)
        return VideoRow(
            heading=title,
            untitled=no_text(title, None if cut.above else node, count),
            count=read_count(count.text) if count else None,
            late=late(title) or late(time) or (count is not None and is_waiting_count(count.text)),
            time=time.text if time else "",
            whole=None not in (count, time) and not cut.below and not late(title),
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )

    def open_video(self, row: VideoRow) -> VideoPage:
        """Opens a video whose row is on the screen."""
        return self.go(lambda page: place_of(row, page.rows()), VideoPage)
