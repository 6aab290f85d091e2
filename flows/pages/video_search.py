"""The search for videos by a word."""

from __future__ import annotations

from dataclasses import dataclass

from flows.failures import FlowFailure
from flows.lossy import may_be
from flows.pages.lists import Cut, ListPage, late, name_text, told
from flows.pages.search import RESULT_LOOKS, SearchPage
from flows.pages.titles import may_be_cut, place_of
from flows.pages.video import VideoPage
from flows.placeholders import is_waiting_count
from flows.screen import Node
from flows.stitch import Parts

ASKS = 3  # times that the word is typed, the search started, or the order chosen
EMPTY_LOOKS = 2  # looks at "nothing found" before it counts as the answer


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A video in the results. Nodes are None if the list's edge cut them off."""

    heading: Node | None
    name: Node | None
    late: bool  # one of its fields has not loaded
    time: str
    whole: bool
    node: Node
    top: int | None
    bottom: int | None

    @property
    def parts(self) -> Parts:
        # without likes and time: both change during the reading
        return name_text(self.heading), name_text(self.name)

    @property
    def texts(self) -> list[Node]:
        """Returns the nodes whose texts identify the video."""
        return [node for node in (self.heading, self.name) if node is not None]

    def may_be(self, author: str, title: str) -> bool:
        """Returns whether this may be the video with that full title, of an author of that name."""
        if self.heading is None or self.name is None:
            return False
        return may_be(self.name, author) and may_be_cut(self.heading, title)


class VideoSearchPage(ListPage[FoundRow]):
    """Videos found by a word. `newest` orders them by age."""

    name = "video_search"
    noun = "videos found"

    def read_row(self, node: Node, cut: Cut) -> FoundRow:
        title, name, time = self.part("title", node), self.part("author", node), self.part("time", node)
        likes = self.part("likes", node)
        return FoundRow(
            heading=title,
            name=name,
            late=late(title) or late(name) or late(time) or (likes is not None and is_waiting_count(likes.text)),
            time=told(time) or "",
            whole=None not in (title, name, time, likes) and not (cut.below or late(title) or late(name)),
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )

    def open_video(self, row: FoundRow) -> VideoPage:
        """Opens a video whose row is on the screen."""
        return self.go(lambda page: place_of(row, page.rows()), VideoPage)


def find_videos(page: SearchPage, keyword: str) -> VideoSearchPage | None:
    """Searches videos by a word, the newest first. Returns the page with the results; None when there are none.

    Raises FlowFailure('list_not_loaded') when no answer to this word appeared, which never means that there is none.
    """
    app = page.app
    here = page.go(lambda one: one.need("videos"), VideoSearchPage)
    typed = asked = chosen = empty = 0
    for _ in range(RESULT_LOOKS):
        if here.text("input") != keyword and typed < ASKS:
            typed += 1
            app.set_text(here.need("input"), keyword)
            app.tap(here.need("button"))
        elif not here.need("newest").selected and chosen < ASKS:
            chosen += 1
            app.tap(here.need("newest"))
        elif here.part("empty") is not None:
            empty += 1
            if empty == EMPTY_LOOKS:
                return None
            app.settle()
        elif here.part("list") is not None:
            return here.loaded()
        elif asked < ASKS:
            asked += 1
            app.tap(here.need("button"))
        else:
            app.settle()
        here = app.see(VideoSearchPage).whole("input")
    raise FlowFailure("list_not_loaded", "the search for videos gave no answer", {"keyword": keyword})
