"""Reads the comments of a video, down the list, into results."""

from __future__ import annotations

from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import Walk, most_screens
from flows.pages.video import VideoPage
from flows.specs.collect_comments import Comment
from flows.times import read_shown


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
