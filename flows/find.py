"""Finds an author's video by its full title, and a comment by its commenter and text, each within a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from flows.app import App
from flows.failures import FlowFailure
from flows.pages.author import AuthorPage, VideoRow
from flows.pages.comments import CommentRow, CommentsPage
from flows.pages.lists import ListPage, ListRow, Walk, most_screens
from flows.pages.tabs import back_to, to_search
from flows.pages.video import VideoPage

L = TypeVar("L", bound=ListPage)  # type: ignore[type-arg]
R = TypeVar("R", bound=ListRow)
VideoWalk = Walk[AuthorPage, VideoRow]
CommentWalk = Walk[CommentsPage, CommentRow]


def open_author(app: App, author_id: str) -> AuthorPage:
    """Opens an author's page, found by id. Raises FlowFailure('author_not_found')."""
    return to_search(app).open_author(author_id)


def walk_videos(page: AuthorPage, most: int, title: str | None = None) -> Iterator[tuple[VideoWalk, int, VideoRow]]:
    """Yields the author's videos in their order, at most `most`, each while its row is on the screen.

    The caller may open a video; before it continues, it must return to the author's page and call `walk.resume`.
    Titles that may be `title` are read whole.
    """
    walk: VideoWalk = Walk(page, matters=lambda row: title is not None and row.may_be(title))
    for at, row in rows_in_turn(walk, most):
        yield walk, at, row


def rows_in_turn(walk: Walk[L, R], most: int) -> Iterator[tuple[int, R]]:
    """Yields the rows of a list with their positions, at most `most`, each while it is whole on the screen.

    A row that no screen showed whole is left out. The caller may leave the list's page; before it continues, it must
    return there and call `walk.resume`.
    """
    at = 0
    while at < most:
        row = next((row for place, row in walk.here() if place == at and row.whole), None)
        if row is not None:
            yield at, row
            at += 1
        elif any(place > at for place, row in walk.here() if row.whole):
            at += 1
        elif walk.screens > most_screens(most) or not walk.advance():
            return


def videos_titled(app: App, author_id: str, title: str, most: int) -> Iterator[VideoPage]:
    """Opens and yields every video with exactly this full title, among the first `most` of the author's list.

    Several videos may have the same title; the caller takes the next one when the first is not the right one.
    Raises FlowFailure: author_not_found, list_not_loaded; `video_not_found` when there is none.
    """
    found, looked_at = False, 0
    for walk, at, row in walk_videos(open_author(app, author_id), most, title):
        looked_at = at + 1
        if not row.may_be(title):
            continue
        page = walk.page.open_video(row).whole("title")
        if page.title == title:
            found = True
            yield page
        walk.resume(back_to(app, AuthorPage))
    if not found:
        reason = f"{title!r} is not among the first {most} videos of {author_id}"
        details = {"author_id": author_id, "title": title, "looked_at": looked_at, "loop": most}
        raise FlowFailure("video_not_found", reason, details)


def walk_to(panel: CommentsPage, target: tuple[str, str]) -> CommentWalk:
    """Returns a walk down a panel for `find_comment`, which reads only texts whole that may be the target's."""
    return Walk(panel, matters=lambda row: row.may_be(target))


def find_comment(walk: CommentWalk, target: tuple[str, str], most: int) -> CommentRow | None:
    """Returns the first comment with this commenter and text, with its buttons on the screen; None if there is none.

    Searches `most` comments. `walk` must come from `walk_to` with this target.
    """
    for _ in range(most_screens(most)):
        there = _on_screen(walk, target, most)
        if there is not None:
            there = _on_screen(walk, target, most) if walk.stands() else None
            if there is not None:
                return there
            continue
        past = any(place >= most for place, _ in walk.here())
        if past or not walk.advance():
            return None
    return None


def _on_screen(walk: CommentWalk, target: tuple[str, str], most: int) -> CommentRow | None:
    rows = (row for place, row in walk.here() if place < most and row.says(target))
    return next((row for row in rows if row.like_button is not None and row.reply_button is not None), None)
