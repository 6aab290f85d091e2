"""dislike_comment 不喜欢评论: dislikes one comment, once."""

from __future__ import annotations

from flows import menu_acts
from flows.flow import Flow
from flows.one_comment import act_once, done_at
from flows.session import Session
from flows.specs.dislike_comment import DislikeCommentParams, DislikeCommentSpec
from flows.specs.one_comment import OneCommentResult


class DislikeComment(DislikeCommentSpec, Flow[DislikeCommentParams, OneCommentResult]):
    """Finds the comment, dislikes it once through its menu, and looks at the menu again."""

    def run(self, session: Session, params: DislikeCommentParams) -> OneCommentResult:
        """Dislikes the comment once. Raises as `act_once`."""
        verified = act_once(
            session, params, lambda app, panel, row: menu_acts.dislike_comment(app, panel, row, params.action)
        )
        fields = params.model_dump(exclude={"video_loop", "comment_loop"})
        return OneCommentResult(**fields, done_at=done_at(session), verified=verified)
