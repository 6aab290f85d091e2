"""monitor_account 账号监控: reads an author's videos, so that the ledger can tell which are new."""

from __future__ import annotations

from flows.app import App
from flows.find import VideoWalk, open_author, rows_in_turn
from flows.flow import Flow
from flows.identify import check_account_for_reading
from flows.pages.author import AuthorPage, VideoRow
from flows.pages.lists import Walk
from flows.pages.tabs import back_to
from flows.pages.titles import CUT
from flows.seen_videos import Looked, seen_video
from flows.session import Session
from flows.specs.monitor_account import MonitorAccountParams, MonitorAccountResult, MonitorAccountSpec

OPENS = 2  # times that a video is opened to read its title


class MonitorAccount(MonitorAccountSpec, Flow[MonitorAccountParams, MonitorAccountResult]):
    """Walks down the author's videos, and opens those whose title the list cuts. Only reads."""

    def run(self, session: Session, params: MonitorAccountParams) -> MonitorAccountResult:
        """Looks once. Raises FlowFailure: author_not_found, list_not_loaded."""
        app = App(session)
        check_account_for_reading(app)
        return app.through_crashes(lambda: self._look(app, params))

    def _look(self, app: App, params: MonitorAccountParams) -> MonitorAccountResult:
        with app.session.watch.step("author"):
            page = open_author(app, params.author_id).whole("name")
            author = page.author
        with app.session.watch.step("videos"):
            walk: VideoWalk = Walk(page, matters=lambda _: True)
            looked = Looked(walk, params.most)
            for _, row in rows_in_turn(walk, params.most):
                read_at = walk.page.read_at
                title = _title(app, walk, row, params.author_id)
                if title is not None:
                    looked.add(seen_video(params.author_id, author, title, row.shown, row.time, read_at))
            return MonitorAccountResult(author_id=params.author_id, author=author, **looked.told())


def _title(app: App, walk: VideoWalk, row: VideoRow, author_id: str) -> str | None:
    """Returns the full title of a video; None when it could not be read."""
    if row.title is None or not row.title.endswith(CUT):
        return row.title
    for _ in range(OPENS):
        video = walk.page.open_video(row).whole("author_id", "title")
        found = video.identity
        walk.resume(back_to(app, AuthorPage))
        if found[0] == author_id and row.may_be(found[1]):
            return found[1]
    return None
