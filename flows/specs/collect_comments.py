"""The spec of collect_comments 评论采集: the comments of one video, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import Field

from flows.checks import Name
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits


class CollectCommentsParams(Params):
    """The video, the number of the author's videos to search, and the most comments to collect."""

    author_id: Name
    title: Name
    video_loop: int = Field(default=60, ge=1, le=1000)
    most: int = Field(default=50, ge=1, le=5000)


class Comment(Result):
    """A comment; its text is empty when it is only a sticker or a picture.

    `time` is the app's own text. `at` is the moment that it stood for when its screen was read, in ISO 8601, and
    `precision` is second, minute, hour, day, week, month or year; both are None when the text cannot be read. `place`
    is the place that the app shows beside the time. Counts are None when the app did not show them in time.
    """

    commenter: str
    text: str
    likes: int | None
    replies: int | None
    time: str
    at: str | None
    precision: str | None = None
    place: str = ""


class CollectCommentsResult(Result):
    """The comments in the app's order; `gaps` counts places where rows may be missing between two screens.

    `asked` is the most that was asked for, `got` the number collected. It is smaller when the list has no more
    comments: then `ended` is true.
    """

    author_id: str
    author: str
    title: str
    comments: tuple[Comment, ...]
    gaps: int = 0
    asked: int = 0
    got: int = 0
    ended: bool = False


# of one comment in a sheet
COMMENT_COLUMNS = (
    Column("commenter", "评论人"),
    Column("text", "评论内容"),
    Column("likes", "点赞数"),
    Column("replies", "回复数"),
    Column("time", "评论时间"),
    Column("at", "评论时刻", "moment"),
)


def comment_rows(head: Mapping[str, Any], comments: Sequence[Comment]) -> list[dict[str, Any]]:
    """Returns one row for each comment: `head`, and the values of COMMENT_COLUMNS."""
    return [{**head, **comment.model_dump(exclude={"precision", "place"})} for comment in comments]


class CollectCommentsSpec(FlowSpec[CollectCommentsParams, CollectCommentsResult]):
    """Collects the comments of one video."""

    name = "collect_comments"
    heading = "数据采集"
    version = "1.0"
    result_title = "COMMENT_COLLECT_TASK_RESULT_DATA_TITLE"
    params_model = CollectCommentsParams
    result_model = CollectCommentsResult
    columns = (
        Column("author_id", "视频号ID"),
        Column("title", "标题"),
        *COMMENT_COLUMNS,
    )
    steps = ("account", "video", "comments")
    limits = Limits(soft=900, hard=960)
    usual = MappingProxyType({"video_loop": 60, "most": 50})

    def rows(self, params: CollectCommentsParams, result: CollectCommentsResult) -> list[dict[str, Any]]:
        """Returns one row for each comment."""
        head = {"author_id": result.author_id, "title": result.title}
        return comment_rows(head, result.comments)
