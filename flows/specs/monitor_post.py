"""The spec of monitor_post 指定帖子监控: looks at the comments of one video; the ledger keeps the new ones."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from pydantic import Field

from flows.checks import Name
from flows.specs.collect_comments import COMMENT_COLUMNS, Comment, comment_rows
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits


class MonitorPostParams(Params):
    """The video, the number of the author's videos to search, and the most comments to look at."""

    author_id: Name
    title: Name
    video_loop: int = Field(default=60, ge=1, le=1000)
    most: int = Field(default=200, ge=1, le=5000)


class MonitorPostResult(Result):
    """The comments of a look; the ledger keeps those that are new.

    `shown_count` is the app's number, replies included; `looked_at` counts the comments that were read, and `ended`
    says whether the video has no more. `new` counts the comments that no earlier look saw, and `first` says that there
    was none: both are None until the ledger has compared them.
    """

    author_id: str
    author: str
    title: str
    shown_count: int
    looked_at: int
    ended: bool
    gaps: int = 0
    comments: tuple[Comment, ...]
    new: int | None = None
    first: bool | None = None


class MonitorPostSpec(FlowSpec[MonitorPostParams, MonitorPostResult]):
    """Looks at the comments of one video."""

    name = "monitor_post"
    heading = "指定帖子监控"
    version = "1.0"
    result_title = "POST_MONITOR_TASK_RESULT_DATA_TITLE"
    params_model = MonitorPostParams
    result_model = MonitorPostResult
    columns = (
        Column("author_id", "视频号ID"),
        Column("title", "标题"),
        Column("shown_count", "显示评论数"),
        *COMMENT_COLUMNS,
    )
    steps = ("account", "video", "comments")
    priority = 9
    limits = Limits(soft=900, hard=960)
    usual = MappingProxyType({"video_loop": 60, "most": 200})

    def rows(self, params: MonitorPostParams, result: MonitorPostResult) -> list[dict[str, Any]]:
        """Returns one row for each new comment."""
        head = {"author_id": result.author_id, "title": result.title, "shown_count": result.shown_count}
        return comment_rows(head, result.comments)
