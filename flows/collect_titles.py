"""collect_titles 标题采集: collects the titles of an author's videos that have enough comments, counted one by one."""

from __future__ import annotations

from collections.abc import Callable

from flows.app import App
from flows.counts import margin
from flows.failures import FlowFailure
from flows.find import open_author, walk_videos
from flows.flow import Flow
from flows.identify import check_account_for_reading
from flows.pages.author import AuthorPage, VideoRow
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import Walk, most_screens
from flows.pages.tabs import back_to
from flows.pages.video import VideoPage
from flows.session import Session
from flows.specs.collect_titles import CollectTitlesParams, CollectTitlesResult, CollectTitlesSpec, Title


class CollectTitles(CollectTitlesSpec, Flow[CollectTitlesParams, CollectTitlesResult]):
    """Takes the videos first whose shown count is above the margin, then those with just enough comments."""

    def run(self, session: Session, params: CollectTitlesParams) -> CollectTitlesResult:
        """Collects the titles.

        Raises FlowFailure: author_not_found; titles_shortfall with the titles that were found in its
        details; list_not_loaded.
        """
        app = App(session)
        check_account_for_reading(app)
        search = _Search(app, params)
        app.through_crashes(search.run)
        if len(search.found) < params.count:
            raise FlowFailure(
                "titles_shortfall",
                f"{len(search.found)} of {params.count} titles with {params.least_comments} comments"
                f" among {search.looked_at} videos of {params.author_id}",
                {
                    "asked": params.count,
                    "got": len(search.found),
                    "titles": [title.model_dump() for title in search.found],
                },
            )
        return CollectTitlesResult(titles=tuple(search.found), asked=params.count, got=len(search.found))


class _Search:
    """A search through an author's videos. It keeps its findings, so that after a crash nothing is counted twice."""

    def __init__(self, app: App, params: CollectTitlesParams) -> None:
        self.app = app
        self.params = params
        self.found: list[Title] = []
        self.looked_at = 0
        self._author = ""
        self._judged: set[int] = set()  # positions in the list whose video was opened
        self._enough: set[int] = set()  # positions that show enough, but less than the margin

    def run(self) -> None:
        """Searches in two passes: first the videos above the margin, then those that show just enough."""
        least = self.params.least_comments
        with self.app.session.watch.step("author"):
            page = open_author(self.app, self.params.author_id).whole("name")
            self._author = page.author
        with self.app.session.watch.step("titles"):
            self._pass(page, lambda _, row: row.at_least >= margin(least))
        if self._enough - self._judged and not self._complete:
            with self.app.session.watch.step("titles below the margin"):
                page = open_author(self.app, self.params.author_id)
                self._pass(page, lambda place, _: place in self._enough)

    @property
    def _complete(self) -> bool:
        return len(self.found) >= self.params.count

    def _pass(self, page: AuthorPage, eligible: Callable[[int, VideoRow], bool]) -> None:
        for walk, place, row in walk_videos(page, self.params.video_loop):
            self.looked_at = max(self.looked_at, place + 1)
            if row.at_most >= self.params.least_comments:
                self._enough.add(place)
            if place not in self._judged and eligible(place, row):
                self._judge(walk.page, row)
                self._judged.add(place)
                walk.resume(back_to(self.app, AuthorPage))
            if self._complete:
                return

    def _judge(self, page: AuthorPage, row: VideoRow) -> None:
        """Opens the video, reads its whole title, and takes it when its real count is enough."""
        video = page.open_video(row).whole("title", "author_id")
        # a flow that collects comments later could not distinguish two videos with the same title
        if video.author_id != self.params.author_id or any(title.title == video.title for title in self.found):
            return
        title, real = video.title, self._real_count(video)
        if real is None or real >= self.params.least_comments:
            self.found.append(
                Title(
                    author_id=self.params.author_id,
                    author=self._author,
                    title=title,
                    shown_count=row.shown,
                    real_count=real,
                )
            )

    def _real_count(self, video: VideoPage) -> int | None:
        """Returns the number of comments without replies, counted up to the least number asked for."""
        least = self.params.least_comments
        if least == 0:
            return None
        walk: Walk[CommentsPage, CommentRow] = Walk(video.open_comments())
        for _ in range(most_screens(least)):
            if len(walk.rows) >= least or not walk.advance():
                break
        return len(walk.rows)
