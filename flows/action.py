"""Irreversible acts in the app, and their refusal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActionKind(StrEnum):
    """An irreversible act in the app."""

    COMMENT = "comment"
    REPLY = "reply"
    LIKE_VIDEO = "like_video"
    LIKE_COMMENT = "like_comment"
    DISLIKE_COMMENT = "dislike_comment"
    REPORT_COMMENT = "report_comment"


@dataclass(frozen=True, slots=True)
class Action:
    """One irreversible act: its kind, content, target and text; absent parts are empty."""

    kind: ActionKind
    author_id: str
    title: str
    target_commenter: str = ""
    target_comment: str = ""
    text: str = ""


class ActionRefused(Exception):
    """Responsible use refuses this action; `code` is its refusal's, such as no_basis or cap_reached."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
