"""The spec of report_comment 举报评论: one report of one comment, which a named person approved."""

from __future__ import annotations

from typing import Literal

from flows.action import Action, ActionKind
from flows.specs.flow_spec import Column, FlowSpec
from flows.specs.limits import Limits
from flows.specs.one_comment import COLUMNS, ENDING, USUAL, OneCommentParams, OneCommentResult

# the reasons that the app's report page offers, in its order
Reason = Literal["垃圾广告", "人身攻击", "引战对立", "虚假信息", "色情低俗", "其他"]


class ReportCommentParams(OneCommentParams):
    """The comment to report, and the reason, one of those that the app's report page offers."""

    reason: Reason

    @property
    def action(self) -> Action:
        """Returns the one irreversible act; its text is the reason."""
        return Action(ActionKind.REPORT_COMMENT, self.author_id, self.title, *self.target, self.reason)


class ReportCommentResult(OneCommentResult):
    """As every act on one comment, with the reason. `verified` is false: no app shows a report afterwards."""

    reason: str


class ReportCommentSpec(FlowSpec[ReportCommentParams, ReportCommentResult]):
    """Reports one comment."""

    name = "report_comment"
    heading = "举报评论"
    version = "1.0"
    result_title = "COMMENT_REPORT_TASK_RESULT_DATA_TITLE"
    params_model = ReportCommentParams
    result_model = ReportCommentResult
    columns = (*COLUMNS, Column("reason", "举报原因"), *ENDING)
    steps = ("account", "video and comment", "act")
    acts = frozenset({ActionKind.REPORT_COMMENT})
    runs_on = "account"
    needs_approval = True
    limits = Limits(soft=600, hard=660)
    usual = USUAL
