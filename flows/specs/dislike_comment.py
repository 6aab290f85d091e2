"""The spec of dislike_comment 不喜欢评论: one dislike of one comment, which a named person approved."""

from __future__ import annotations

from flows.action import Action, ActionKind
from flows.specs.flow_spec import FlowSpec
from flows.specs.limits import Limits
from flows.specs.one_comment import COLUMNS, ENDING, USUAL, OneCommentParams, OneCommentResult


class DislikeCommentParams(OneCommentParams):
    """The comment to dislike."""

    @property
    def action(self) -> Action:
        """Returns the one irreversible act."""
        return Action(ActionKind.DISLIKE_COMMENT, self.author_id, self.title, *self.target)


class DislikeCommentSpec(FlowSpec[DislikeCommentParams, OneCommentResult]):
    """Dislikes one comment."""

    name = "dislike_comment"
    heading = "不喜欢评论"
    version = "1.0"
    result_title = "COMMENT_DISLIKE_TASK_RESULT_DATA_TITLE"
    params_model = DislikeCommentParams
    result_model = OneCommentResult
    columns = (*COLUMNS, *ENDING)
    steps = ("account", "video and comment", "act")
    acts = frozenset({ActionKind.DISLIKE_COMMENT})
    runs_on = "account"
    needs_approval = True
    limits = Limits(soft=600, hard=660)
    usual = USUAL
