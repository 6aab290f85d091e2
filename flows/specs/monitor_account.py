"""The spec of monitor_account 账号监控: looks at an author's videos; the ledger keeps the new ones."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from pydantic import Field

from flows.checks import Name
from flows.specs.flow_spec import FlowSpec, Params
from flows.specs.limits import Limits
from flows.specs.seen_video import COLUMNS, VideosResult


class MonitorAccountParams(Params):
    """The author, and the most videos to look at, the newest first."""

    author_id: Name
    most: int = Field(default=30, ge=1, le=1000)


class MonitorAccountResult(VideosResult):
    """The new videos of the author."""

    author_id: str
    author: str


class MonitorAccountSpec(FlowSpec[MonitorAccountParams, MonitorAccountResult]):
    """Looks at the videos of one author."""

    name = "monitor_account"
    heading = "账号监控"
    version = "1.0"
    result_title = "ACCOUNT_MONITOR_TASK_RESULT_DATA_TITLE"
    params_model = MonitorAccountParams
    result_model = MonitorAccountResult
    columns = COLUMNS
    steps = ("account", "author", "videos")
    priority = 9
    limits = Limits(soft=900, hard=960)
    usual = MappingProxyType({"most": 60})

    def rows(self, params: MonitorAccountParams, result: MonitorAccountResult) -> list[dict[str, Any]]:
        """Returns one row for each new video."""
        return [video.model_dump(exclude={"precision"}) for video in result.titles]
