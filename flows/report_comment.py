"""report_comment 举报评论: reports one comment, once."""

from __future__ import annotations

from flows import menu_acts
from flows.flow import Flow
from flows.one_comment import act_once, done_at
from flows.session import Session
from flows.specs.report_comment import ReportCommentParams, ReportCommentResult, ReportCommentSpec


class ReportComment(ReportCommentSpec, Flow[ReportCommentParams, ReportCommentResult]):
    """Finds the comment, and reports it once for the given reason. The app's toast is all that it shows of that."""

    def run(self, session: Session, params: ReportCommentParams) -> ReportCommentResult:
        """Reports the comment once. Raises as `act_once`."""
        verified = act_once(
            session, params, lambda app, panel, row: menu_acts.report_comment(app, panel, row, params.action)
        )
        fields = params.model_dump(exclude={"video_loop", "comment_loop"})
        return ReportCommentResult(**fields, done_at=done_at(session), verified=verified)
