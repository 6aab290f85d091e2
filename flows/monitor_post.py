"""monitor_post 指定帖子监控: reads the comments of one video, so that the ledger can tell which are new."""

from __future__ import annotations

from flows.app import App
from flows.comment_list import comments_titled
from flows.flow import Flow
from flows.identify import check_account_for_reading
from flows.session import Session
from flows.specs.monitor_post import MonitorPostParams, MonitorPostResult, MonitorPostSpec


class MonitorPost(MonitorPostSpec, Flow[MonitorPostParams, MonitorPostResult]):
    """Finds the video by its full title, opens its comment panel and reads down the list. Only reads."""

    def run(self, session: Session, params: MonitorPostParams) -> MonitorPostResult:
        """Looks once. Raises FlowFailure: author_not_found, video_not_found, list_not_loaded."""
        app = App(session)
        check_account_for_reading(app)
        return app.through_crashes(lambda: self._look(app, params))

    def _look(self, app: App, params: MonitorPostParams) -> MonitorPostResult:
        found = comments_titled(app, params.author_id, params.title, params.video_loop, params.most)
        return MonitorPostResult(
            author_id=params.author_id,
            author=found.author,
            title=params.title,
            shown_count=found.shown_count,
            looked_at=len(found.comments),
            ended=found.ended,
            gaps=found.gaps,
            comments=found.comments,
        )
