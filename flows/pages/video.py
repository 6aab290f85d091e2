"""A full-screen video: in the feed, or opened from its author's page."""

from __future__ import annotations

from flows.counts import count_or_zero
from flows.pages.comments import CommentsPage
from flows.pages.page import Page
from flows.screen import Node


class Video(Page):
    """The common parts of a video in the feed and of a single video."""

    fields = ("author_id", "author", "title")
    identified_by = ("author_id", "title")
    counts = ("comment_count",)

    @property
    def author_id(self) -> str:
        return self.told("author_id")

    @property
    def author(self) -> str:
        return self.told("author")

    @property
    def title(self) -> str:
        return self.told("title")

    @property
    def comment_count(self) -> int:
        """Returns the number of comments that the app shows, replies included."""
        return count_or_zero(self.text("comment_count"))

    @property
    def liked(self) -> bool:
        """True when this account likes the video."""
        return self.need("like").selected

    @property
    def like_button(self) -> Node:
        return self.need("like")

    @property
    def notice(self) -> str:
        """Returns the app's notice that this account may not act here; empty when it may."""
        return self.text("notice")

    def open_comments(self) -> CommentsPage:
        """Opens the comment panel."""
        return self.go(lambda page: page.need("comment"), CommentsPage)


class VideoPage(Video):
    """A video opened from its author's page."""

    name = "video"
