"""An action as the ledger stores it."""

from __future__ import annotations

from dataclasses import dataclass

from models.database.content_key import content_key


@dataclass(frozen=True, slots=True)
class Act:
    """An action: its account, phone, kind and content."""

    kind: str
    author_id: str
    title: str
    target_commenter: str
    target_comment: str
    text: str
    account_id: str
    phone_serial: str
    sandbox: bool = False  # of a sandbox task
    task_id: str = ""
    profile_patch: int | None = None  # the patch by which this phone's screens are read; None: the profile itself

    @property
    def video_key(self) -> str:
        return content_key(self.author_id, self.title)

    @property
    def comment_key(self) -> str | None:
        if not self.target_commenter and not self.target_comment:
            return None
        return content_key(self.author_id, self.title, self.target_commenter, self.target_comment)
