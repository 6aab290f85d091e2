"""Gathers the videos of a look into its result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.pages.lists import L, R, Walk
from flows.specs.seen_video import SeenVideo
from flows.times import read_shown


def seen_video(author_id: str, author: str, title: str, shown_count: int, time: str, read_at: datetime) -> SeenVideo:
    """Returns a video, with the moment that its time stands for. `read_at`: when that time was on the screen."""
    shown = read_shown(time, read_at)
    return SeenVideo(
        author_id=author_id,
        author=author,
        title=title,
        shown_count=shown_count,
        time=time,
        at=shown.at.isoformat() if shown.at else None,
        precision=shown.precision,
    )


class Looked:
    """The videos that a walk down a list has read so far, at most `most`."""

    def __init__(self, walk: Walk[L, R], most: int) -> None:
        self._walk: Walk[Any, Any] = walk
        self._most = most
        self._videos: list[SeenVideo] = []

    def add(self, video: SeenVideo) -> None:
        """Adds the next video."""
        self._videos.append(video)

    def told(self) -> dict[str, Any]:
        """Returns the fields of a VideosResult. A row that was never whole, or whose video did not open, is a gap."""
        unread = min(self._most, len(self._walk.rows)) - len(self._videos)
        return {
            "looked_at": len(self._videos),
            "ended": self._walk.ended,
            "gaps": self._walk.gaps + max(0, unread),
            "titles": tuple(self._videos),
        }
