"""The common parts of the flows that act on one named comment: its parameters, result and columns."""

from __future__ import annotations

from types import MappingProxyType

from pydantic import Field

from flows.checks import Name
from flows.specs.flow_spec import Column, Params, Result

COLUMNS = (
    Column("author_id", "视频号ID"),
    Column("title", "标题"),
    Column("target_commenter", "目标评论人"),
    Column("target_comment", "目标评论"),
)
ENDING = (Column("done_at", "完成时间", "moment"), Column("verified", "已核实"))
USUAL = MappingProxyType({"video_loop": 60, "comment_loop": 200})


class OneCommentParams(Params):
    """The video, the comment on it, and the most videos and comments to search."""

    author_id: Name
    title: Name
    target_commenter: Name
    target_comment: Name
    video_loop: int = Field(default=60, ge=1, le=1000)
    comment_loop: int = Field(default=200, ge=1, le=5000)

    @property
    def target(self) -> tuple[str, str]:
        """Returns the commenter and the text of the comment."""
        return self.target_commenter, self.target_comment


class OneCommentResult(Result):
    """The comment, the time of the act (ISO 8601), and whether it was seen in the app afterwards."""

    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    done_at: str
    verified: bool
