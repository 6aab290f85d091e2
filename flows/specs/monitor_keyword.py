"""The spec of monitor_keyword 关键词监控: looks at the videos that a search finds; the ledger keeps the new ones."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from flows.checks import Name, check_text
from flows.specs.flow_spec import Column, FlowSpec, Params
from flows.specs.limits import Limits
from flows.specs.seen_video import COLUMNS, VideosResult

Keyword = Annotated[Name, AfterValidator(check_text), Field(max_length=60)]  # it is typed into the app


class MonitorKeywordParams(Params):
    """The word to search, and the most videos to look at, the newest first."""

    keyword: Keyword
    most: int = Field(default=30, ge=1, le=200)


class MonitorKeywordResult(VideosResult):
    """The new videos among those found."""

    keyword: str


class MonitorKeywordSpec(FlowSpec[MonitorKeywordParams, MonitorKeywordResult]):
    """Looks at the videos that a search for one word finds."""

    name = "monitor_keyword"
    heading = "关键词监控"
    version = "1.0"
    result_title = "KEYWORD_MONITOR_TASK_RESULT_DATA_TITLE"
    params_model = MonitorKeywordParams
    result_model = MonitorKeywordResult
    columns = (Column("keyword", "关键词"), *COLUMNS)
    steps = ("account", "search", "videos")
    priority = 9
    limits = Limits(soft=900, hard=960)
    usual = MappingProxyType({"most": 60})

    def rows(self, params: MonitorKeywordParams, result: MonitorKeywordResult) -> list[dict[str, Any]]:
        """Returns one row for each new video."""
        return [{"keyword": result.keyword} | video.model_dump(exclude={"precision"}) for video in result.titles]
