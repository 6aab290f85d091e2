"""The caps and the comments on a task's video, each read once for one decision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from models.database.content_key import content_key
from models.responsible_use.authors import read_caps
from models.responsible_use.caps import Caps
from models.responsible_use.usage import use_of_video
from workers.policy.content import comments_on_video


class CapFacts:
    """The facts on a task with these parameters, read when they are first asked for in this transaction."""

    def __init__(self, session: Session, params: Mapping[str, Any], *, sandbox: bool) -> None:
        self.session = session
        self.params = params
        self.sandbox = sandbox

    @cached_property
    def caps(self) -> Caps:
        """The caps in force."""
        return read_caps(self.session)

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
        return self._use[0]

    @property
    def comments(self) -> Mapping[str, int]:
        """Each account's number of comments on the video; nothing for a task that posts none there."""
        return self._use[1] if self.comments_there else {}

    @cached_property
    def _use(self) -> tuple[frozenset[str], Mapping[str, int]]:
        return use_of_video(self.session, self.author_id, self.video_key, sandbox=self.sandbox)
