"""The spec of directed 定向任务: one comment on a video, one like on a comment, or one reply to a comment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from flows.action import Action, ActionKind
from flows.checks import Name, check_name, check_text, refuse_all
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits

Kind = Literal["comment", "like_comment", "reply"]

ACTS = {"comment": ActionKind.COMMENT, "like_comment": ActionKind.LIKE_COMMENT, "reply": ActionKind.REPLY}
NEEDED: Mapping[str, Collection[str]] = {
    "comment": ("text",),
    "like_comment": ("target_commenter", "target_comment"),
    "reply": ("target_commenter", "target_comment", "text"),
}
HEADINGS = {"comment": "评论", "like_comment": "点赞评论", "reply": "盖楼"}


class DirectedParams(Params):
    """The kind of act, its video and comment, and the most videos and comments to search."""

    kind: Kind
    author_id: Name
    title: Name
    target_commenter: str = ""
    target_comment: str = ""
    text: str = ""
    video_loop: int = Field(default=60, ge=1, le=1000)
    comment_loop: int = Field(default=200, ge=1, le=5000)

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        refuse_all(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        needed = NEEDED[self.kind]
        for name in ("target_commenter", "target_comment", "text"):
            value = getattr(self, name)
            if name not in needed:
                if value:
                    yield f"{name}: a {self.kind} has none; leave it out"
                continue
            try:
                check_text(value) if name == "text" else check_name(value)
            except ValueError as error:
                yield f"{name}: {error}"

    @property
    def target(self) -> tuple[str, str]:
        """Returns the commenter and the text of the target comment; empty texts without a target."""
        return self.target_commenter, self.target_comment

    @property
    def action(self) -> Action:
        """Returns the one irreversible act."""
        return Action(
            ACTS[self.kind], self.author_id, self.title, self.target_commenter, self.target_comment, self.text
        )


class DirectedResult(Result):
    """The act, its time (ISO 8601), and whether it was seen in the app afterwards."""

    kind: Kind
    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    text: str
    done_at: str
    verified: bool


class DirectedSpec(FlowSpec[DirectedParams, DirectedResult]):
    """Acts once on one video or comment."""

    name = "directed"
    heading = "定向任务"
    version = "1.0"
    result_title = "DIRECTED_TASK_RESULT_DATA_TITLE"
    params_model = DirectedParams
    result_model = DirectedResult
    columns = (
        Column("kind", "动作"),
        Column("author_id", "视频号ID"),
        Column("title", "标题"),
        Column("target_commenter", "目标评论人"),
        Column("target_comment", "目标评论"),
        Column("text", "发布内容"),
        Column("done_at", "完成时间", "moment"),
        Column("verified", "已核实"),
    )
    steps = ("account", "video and comment", "act")
    acts = frozenset(ACTS.values())
    limits = Limits(soft=600, hard=660)
    usual = MappingProxyType({"video_loop": 60, "comment_loop": 200})

    def rows(self, params: DirectedParams, result: DirectedResult) -> list[dict[str, Any]]:
        """Returns one row, with the kind in the operator's words."""
        return [result.model_dump() | {"kind": HEADINGS[result.kind]}]
