"""The spec of nurture 养号: one ordinary session of an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import Field, model_validator

from flows.action import ActionKind
from flows.checks import MOST_TEXTS, Text, as_seen, refuse_all
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits

FEWEST_TEXTS = 2  # for an account that posts more than once


class NurtureParams(Params):
    """The numbers of acts, the loops within which they happen, and the texts."""

    comments: int = Field(default=0, ge=0, le=50)
    video_likes: int = Field(default=0, ge=0, le=100)
    replies: int = Field(default=0, ge=0, le=50)
    video_loop: int = Field(ge=1, le=1000)  # most videos to look at
    comment_loop: int = Field(default=0, ge=0, le=2000)  # most comments to look at
    texts: tuple[Text, ...] = Field(default=(), max_length=MOST_TEXTS)

    @model_validator(mode="after")
    def _room(self) -> Self:
        refuse_all(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        for name in ("comments", "video_likes"):
            if getattr(self, name) > self.video_loop:
                yield (
                    f"{name}: {getattr(self, name)} do not fit into a video_loop of {self.video_loop}, one a video;"
                    f" raise video_loop or lower {name}"
                )
        if self.replies > self.comment_loop:
            yield (
                f"replies: {self.replies} do not fit into a comment_loop of {self.comment_loop}, one a comment;"
                " raise comment_loop or lower replies"
            )
        posts, different = self.comments + self.replies, len(set(map(as_seen, self.texts)))
        if posts and not self.texts:
            yield "texts: comments or replies are asked for but none given; give the operator's own texts"
        elif posts > 1 and different < FEWEST_TEXTS:
            yield (
                f"texts: {posts} comments and replies are asked for and {different} text is given, and none is posted"
                f" twice in a row; give at least {FEWEST_TEXTS} different texts"
            )

    @property
    def targets(self) -> dict[ActionKind, int]:
        """Returns the numbers asked for, by kind of action."""
        return {
            ActionKind.COMMENT: self.comments,
            ActionKind.LIKE_VIDEO: self.video_likes,
            ActionKind.REPLY: self.replies,
        }


class Tally(Result):
    """The numbers of comments, video likes and replies."""

    comments: int
    video_likes: int
    replies: int


class NurtureResult(Result):
    """The numbers asked for and done; `videos_seen` and `skipped` count this attempt's videos."""

    asked: Tally
    done: Tally
    videos_seen: int
    comments_seen: int
    skipped: int


class NurtureSpec(FlowSpec[NurtureParams, NurtureResult]):
    """Likes videos, comments and replies in a session on one account."""

    name = "nurture"
    heading = "养号"
    version = "1.0"
    result_title = "YANGHAO_TASK_RESULT_DATA_TITLE"
    params_model = NurtureParams
    result_model = NurtureResult
    columns = (
        Column("asked_comments", "要求评论数"),
        Column("done_comments", "完成评论数"),
        Column("asked_video_likes", "要求视频点赞数"),
        Column("done_video_likes", "完成视频点赞数"),
        Column("asked_replies", "要求盖楼数"),
        Column("done_replies", "完成盖楼数"),
        Column("videos_seen", "浏览视频数"),
        Column("skipped", "跳过数"),
    )
    steps = ("account", "browse")
    acts = frozenset({ActionKind.COMMENT, ActionKind.LIKE_VIDEO, ActionKind.REPLY})
    runs_on = "account"
    priority = 6
    limits = Limits(soft=1800, hard=1860)
    # the operator's standard day: scripts/standard_day.yaml
    usual = MappingProxyType({"comments": 5, "video_likes": 10, "replies": 5, "video_loop": 80, "comment_loop": 60})

    def rows(self, params: NurtureParams, result: NurtureResult) -> list[dict[str, Any]]:
        """Returns one row."""
        row: dict[str, Any] = {f"asked_{name}": number for name, number in result.asked.model_dump().items()}
        row |= {f"done_{name}": number for name, number in result.done.model_dump().items()}
        return [row | {"videos_seen": result.videos_seen, "skipped": result.skipped}]

    def rows_so_far(self, params: NurtureParams, details: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns one row with the numbers that the attempt had reached."""
        counted = {name: details[name] for name in NurtureResult.model_fields if name in details}
        return self.rows(params, NurtureResult.model_validate(counted)) if counted else []
