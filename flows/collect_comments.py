"""collect_comments 数据采集: collects the comments of one video: commenter, text, likes, replies, time."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from flows.app import App
from flows.checks import Name
from flows.find import videos_titled
from flows.flow import Column, Flow, Limits, Params, Result
from flows.identify import check_account_for_reading
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import Walk, most_screens
from flows.pages.video import VideoPage
from flows.session import Session
from flows.times import read_shown


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


class CollectComments(Flow[CollectCommentsParams, CollectCommentsResult]):
    """Finds the video by its full title, opens its comment panel and reads down the list."""

    name = "collect_comments"
    heading = "数据采集"
    version = "1.0"
    result_title = "COMMENT_COLLECT_TASK_RESULT_DATA_TITLE"
    params_model = CollectCommentsParams
    result_model = CollectCommentsResult
    columns = (
        Column("author_id", "视频号ID"),
        Column("title", "标题"),
        Column("commenter", "评论人"),
        Column("text", "评论内容"),
        Column("likes", "点赞数"),
        Column("replies", "回复数"),
        Column("time", "评论时间"),
    )
    steps = ("account", "video", "comments")
    limits = Limits(soft=900, hard=960)

    def run(self, session: Session, params: CollectCommentsParams) -> CollectCommentsResult:
        """Collects the comments. Raises FlowFailure: author_not_found, video_not_found, list_not_loaded."""
        app = App(session)
        check_account_for_reading(app)
        return app.through_crashes(lambda: self._collect(app, params))

    def _collect(self, app: App, params: CollectCommentsParams) -> CollectCommentsResult:
        with app.session.watch.step("video"):
            video = next(videos_titled(app, params.author_id, params.title, params.video_loop)).whole("author")
        with app.session.watch.step("comments"):
            author = video.author
            walk = _read_down(video, params.most)
            comments = tuple(_comment(row) for row in _readable(walk.rows)[: params.most])
            return CollectCommentsResult(
                author_id=params.author_id,
                author=author,
                title=params.title,
                comments=comments,
                gaps=walk.gaps + _unreadable(walk, params.most),
                asked=params.most,
                got=len(comments),
                ended=walk.ended,
            )

    def rows(self, params: CollectCommentsParams, result: CollectCommentsResult) -> list[dict[str, Any]]:
        """Returns one row for each comment."""
        head = {"author_id": result.author_id, "title": result.title}
        return [head | comment.model_dump(exclude={"at", "precision", "place"}) for comment in result.comments]


def _read_down(video: VideoPage, most: int) -> Walk[CommentsPage, CommentRow]:
    walk: Walk[CommentsPage, CommentRow] = Walk(video.open_comments(), matters=lambda _: True)
    for _ in range(most_screens(most)):
        if sum(row.whole for row in walk.rows) >= most or not walk.advance():
            break
    return walk


def _readable(rows: list[CommentRow]) -> list[CommentRow]:
    """Returns the rows that were seen whole, and rows that are higher than the list; not rows cut off at the end."""
    return [row for row in rows if _is_readable(row, rows)]


def _is_readable(row: CommentRow, rows: list[CommentRow]) -> bool:
    return bool(row.commenter) and (row.whole or (row is not rows[-1] and row.told))


def _unreadable(walk: Walk[CommentsPage, CommentRow], most: int) -> int:
    """Returns the number of rows that could never be read, without the rows that the last screen cut off."""
    rows = walk.rows if walk.ended else walk.rows[:-1]
    return sum(not _is_readable(row, walk.rows) for row in rows[:most])


def _comment(row: CommentRow) -> Comment:
    shown = read_shown(row.time, row.read_at)
    return Comment(
        commenter=row.commenter or "",
        text=row.text or "",
        likes=row.likes,
        replies=row.replies,
        time=row.time,
        at=shown.at.isoformat() if shown.at else None,
        precision=shown.precision,
        place=shown.place,
    )
