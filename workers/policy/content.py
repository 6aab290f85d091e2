"""Derives a task's content, that is its author, video and comment, from its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.database.content_key import content_key
from models.responsible_use.caps import COMMENTS

MOST_AUTHOR_ID = 191  # characters of a name column; no app has longer ones


@dataclass(frozen=True, slots=True)
class Content:
    """Keys of a task's content; None where the task does not name it."""

    author_id: str | None = None
    video_key: str | None = None
    comment_key: str | None = None

    def columns(self) -> dict[str, str | None]:
        """Returns the columns of a task's row."""
        return {"author_id": self.author_id, "video_key": self.video_key, "comment_key": self.comment_key}


def content_of(params: Mapping[str, Any]) -> Content:
    """Returns the content that these parameters of a flow name; invalid values name nothing."""
    author, title = _text(params, "author_id"), _text(params, "title")
    if author is None or len(author) > MOST_AUTHOR_ID:
        return Content()
    if title is None:
        return Content(author)
    video = content_key(author, title)
    target = _text(params, "target_commenter"), _text(params, "target_comment")
    if target == (None, None):
        return Content(author, video)
    return Content(author, video, content_key(author, title, target[0] or "", target[1] or ""))


def comments_on_video(params: Mapping[str, Any]) -> bool:
    """Returns whether a task with these parameters posts one comment on a video that it names."""
    return params.get("kind") in COMMENTS and content_of(params).video_key is not None


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = params.get(name)
    return value if isinstance(value, str) and value else None
