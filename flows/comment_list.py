"""Reads the comments of a video, down the list, into results."""

from __future__ import annotations

from dataclasses import dataclass

from flows.app import App
from flows.find import videos_titled
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import Walk, most_screens
from flows.pages.video import VideoPage
from flows.specs.collect_comments import Comment
from flows.times import read_shown


@dataclass(frozen=True, slots=True)
class CommentsRead:
    """What one walk down a video's comments brought.

    `shown_count`: the number of comments that the panel tells; `gaps`: rows that were passed by or could not be read;
    `ended`: whether the walk came to the end of the list.
    """

    author: str
    shown_count: int
    comments: tuple[Comment, ...]
    gaps: int
    ended: bool


def comments_titled(app: App, author_id: str, title: str, video_loop: int, most: int) -> CommentsRead:
    """Finds the author's video by its full title and reads at most `most` of its comments.

    Raises FlowFailure: author_not_found, video_not_found, list_not_loaded.
    """
    with app.session.watch.step("video"):
        video = next(videos_titled(app, author_id, title, video_loop)).whole("author")
    with app.session.watch.step("comments"):
        author = video.author
        walk = read_down(video, most)
        comments = tuple(as_comment(row) for row in readable(walk.rows)[:most])
        return CommentsRead(author, walk.page.total, comments, walk.gaps + unreadable(walk, most), walk.ended)


def read_down(video: VideoPage, most: int) -> Walk[CommentsPage, CommentRow]:
    """Opens the comment panel and walks down until `most` comments were seen whole, or to the end of the list."""
    walk: Walk[CommentsPage, CommentRow] = Walk(video.open_comments(), matters=lambda _: True)
    for _ in range(most_screens(most)):
        if sum(row.whole for row in walk.rows) >= most or not walk.advance():
            break
    return walk


def readable(rows: list[CommentRow]) -> list[CommentRow]:
    """Returns the rows that were seen whole, and rows that are higher than the list; not rows cut off at the end."""
    return [row for row in rows if _is_readable(row, rows)]


def _is_readable(row: CommentRow, rows: list[CommentRow]) -> bool:
    return bool(row.commenter) and (row.whole or (row is not rows[-1] and row.told))


def unreadable(walk: Walk[CommentsPage, CommentRow], most: int) -> int:
    """Returns the number of rows that could never be read, without the rows that the last screen cut off."""
    rows = walk.rows if walk.ended else walk.rows[:-1]
    return sum(not _is_readable(row, walk.rows) for row in rows[:most])


def as_comment(row: CommentRow) -> Comment:
    """Returns a row as a comment, with the moment that its time stands for."""
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
