"""monitor_keyword 关键词监控: reads the videos that a search finds, so that the ledger can tell which are new."""

from __future__ import annotations

from flows.app import App
from flows.find import rows_in_turn
from flows.flow import Flow
from flows.identify import check_account_for_reading
from flows.pages.lists import Walk
from flows.pages.tabs import back_to, to_search
from flows.pages.video_search import FoundRow, VideoSearchPage, find_videos
from flows.seen_videos import Looked, seen_video
from flows.session import Session
from flows.specs.monitor_keyword import MonitorKeywordParams, MonitorKeywordResult, MonitorKeywordSpec
from flows.specs.seen_video import SeenVideo

OPENS = 2  # times that a video is opened to read whose it is


class MonitorKeyword(MonitorKeywordSpec, Flow[MonitorKeywordParams, MonitorKeywordResult]):
    """Searches videos by a word, the newest first, and opens each: a result names no author's id. Only reads."""

    def run(self, session: Session, params: MonitorKeywordParams) -> MonitorKeywordResult:
        """Looks once. Raises FlowFailure('list_not_loaded')."""
        app = App(session)
        check_account_for_reading(app)
        return app.through_crashes(lambda: self._look(app, params))

    def _look(self, app: App, params: MonitorKeywordParams) -> MonitorKeywordResult:
        with app.session.watch.step("search"):
            page = find_videos(to_search(app), params.keyword)
        with app.session.watch.step("videos"):
            if page is None:
                return MonitorKeywordResult(keyword=params.keyword, looked_at=0, ended=True, titles=())
            walk: Walk[VideoSearchPage, FoundRow] = Walk(page, matters=lambda _: True)
            looked = Looked(walk, params.most)
            for _, row in rows_in_turn(walk, params.most):
                video = _open(app, walk, row)
                if video is not None:
                    looked.add(video)
            return MonitorKeywordResult(keyword=params.keyword, **looked.told())


def _open(app: App, walk: Walk[VideoSearchPage, FoundRow], row: FoundRow) -> SeenVideo | None:
    """Returns the video of a row; None when another one opened each time."""
    for _ in range(OPENS):
        read_at = walk.page.read_at
        video = walk.page.open_video(row).whole("author_id", "author", "title")
        seen = seen_video(video.author_id, video.author, video.title, video.comment_count, row.time, read_at)
        walk.resume(back_to(app, VideoSearchPage))
        if row.may_be(seen.author, seen.title):
            return seen
    return None
