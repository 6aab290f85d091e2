"""collect_comments 数据采集: collects the comments of one video: commenter, text, likes, replies, time."""

from __future__ import annotations

from flows.app import App
from flows.comment_list import comments_titled
from flows.flow import Flow
from flows.identify import check_account_for_reading
from flows.session import Session
from flows.specs.collect_comments import CollectCommentsParams, CollectCommentsResult, CollectCommentsSpec


class CollectComments(CollectCommentsSpec, Flow[CollectCommentsParams, CollectCommentsResult]):
    """Finds the video by its full title, opens its comment panel and reads down the list."""

    def run(self, session: Session, params: CollectCommentsParams) -> CollectCommentsResult:
        """Collects the comments. Raises FlowFailure: author_not_found, video_not_found, list_not_loaded."""
        app = App(session)
        check_account_for_reading(app)
        return app.through_crashes(lambda: self._collect(app, params))

    def _collect(self, app: App, params: CollectCommentsParams) -> CollectCommentsResult:
        found = comments_titled(app, params.author_id, params.title, params.video_loop, params.most)
        return CollectCommentsResult(
            author_id=params.author_id,
            author=found.author,
            title=params.title,
            comments=found.comments,
            gaps=found.gaps,
            asked=params.most,
            got=len(found.comments),
            ended=found.ended,
        )
