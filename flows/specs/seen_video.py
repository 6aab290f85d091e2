"""A video as a look of monitor_account or monitor_keyword saw it."""

from __future__ import annotations

from flows.specs.flow_spec import Column, Result


class SeenVideo(Result):
    """A video, by its full title. `shown_count` is the app's number of comments, replies included.

    `time` is the app's own text. `at` is the moment that it stood for when its screen was read, in ISO 8601, and
    `precision` is second, minute, hour, day, week, month or year; both are None when the text cannot be read.
    """

    author_id: str
    author: str
    title: str
    shown_count: int
    time: str
    at: str | None
    precision: str | None = None


class VideosResult(Result):
    """The videos of a look; the ledger keeps those that are new.

    `looked_at` counts the videos that were read, and `ended` says whether the list has no more; `gaps` counts places
    where videos may be missing. `new` counts the videos that no earlier look saw, and `first` says that there was
    none: both are None until the ledger has compared them.
    """

    looked_at: int
    ended: bool
    gaps: int = 0
    titles: tuple[SeenVideo, ...]
    new: int | None = None
    first: bool | None = None


COLUMNS = (
    Column("author_id", "视频号ID"),
    Column("author", "视频号"),
    Column("title", "标题"),
    Column("shown_count", "显示评论数"),
    Column("time", "发布时间"),
    Column("at", "发布时刻", "moment"),
)
