"""The spec of collect_titles 标题采集: titles of an author's videos that have enough comments."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import Field, model_validator

from flows.checks import Name
from flows.specs.flow_spec import Column, FlowSpec, Params, Result
from flows.specs.limits import Limits


class CollectTitlesParams(Params):
    """The author, the number of titles, the least number of comments (0: any), and the most videos to search."""

    author_id: Name
    count: int = Field(ge=1, le=200)
    least_comments: int = Field(default=0, ge=0, le=5000)
    video_loop: int = Field(default=60, ge=1, le=1000)

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.count > self.video_loop:
            raise ValueError(
                f"count: {self.count} titles do not fit into a video_loop of {self.video_loop};"
                " raise video_loop or lower count"
            )
        return self


class Title(Result):
    """A collected title. `shown_count` is the app's number, replies included.

    `real_count` is the number of comments counted without replies, up to the least number asked for; None when no
    least number was asked for.
    """

    author_id: str
    author: str
    title: str
    shown_count: int
    real_count: int | None
    collected: bool | None = None


class CollectTitlesResult(Result):
    """The titles in the order in which they were found, and the numbers asked for and got."""

    titles: tuple[Title, ...]
    asked: int = 0
    got: int = 0


class CollectTitlesSpec(FlowSpec[CollectTitlesParams, CollectTitlesResult]):
    """Collects the titles of one author."""

    name = "collect_titles"
    heading = "标题采集"
    version = "1.0"
    result_title = "TITLE_COLLECT_TASK_RESULT_DATA_TITLE"
    params_model = CollectTitlesParams
    result_model = CollectTitlesResult
    columns = (
        Column("author_id", "视频号ID"),
        Column("author", "视频号"),
        Column("title", "标题"),
        Column("shown_count", "显示评论数"),
        Column("real_count", "实际评论数"),
        Column("collected", "是否已采集"),
    )
    steps = ("account", "author", "titles", "titles below the margin")
    priority = 3
    limits = Limits(soft=1200, hard=1260)
    usual = MappingProxyType({"count": 10, "least_comments": 50, "video_loop": 60})

    def rows(self, params: CollectTitlesParams, result: CollectTitlesResult) -> list[dict[str, Any]]:
        """Returns one row for each title."""
        return [title.model_dump() for title in result.titles]

    def rows_so_far(self, params: CollectTitlesParams, details: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns one row for each title that was found before the shortfall."""
        return [Title.model_validate(title).model_dump() for title in details.get("titles", ())]
