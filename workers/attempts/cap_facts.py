"""The caps, the day's actions and the comments on a task's video, read together, once for one decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.responsible_use.caps import Caps, operator_day
from models.responsible_use.limits import Room, read_room
from workers.policy.content import comments_on_video


class CapFacts:
    """The facts on a task with these parameters, read when they are first asked for in this transaction."""

    def __init__(self, session: Session, params: Mapping[str, Any], now: datetime, zone: str, *, sandbox: bool) -> None:
        """`zone`: the operator's time zone, by whose days caps are counted."""
        self.session = session
        self.params = params
        self.now = now
        self.zone = zone
        self.sandbox = sandbox

    @property
    def caps(self) -> Caps:
        """The caps in force."""
        return self._room.caps

    @property
    def today(self) -> Mapping[str, int]:
        """Each account's number of actions on this day; no entry for 0."""
        return self._room.today

    @property
    def author_id(self) -> str:
        return str(self.params.get("author_id", ""))

    @property
    def video_key(self) -> str:
        return content_key(self.author_id, str(self.params.get("title", "")))

    @property
    def comments_there(self) -> bool:
        """Whether the task posts a comment on its video."""
        return comments_on_video(self.params)

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts that acted on the video."""
        return self._room.accounts

    @property
    def comments(self) -> Mapping[str, int]:
        """Each account's number of comments on the video; nothing for a task that posts none there."""
        return self._room.comments if self.comments_there else {}

    @cached_property
    def _room(self) -> Room:
        today = operator_day(self.now, self.zone)
        return read_room(self.session, self.author_id, self.video_key, today, sandbox=self.sandbox)
