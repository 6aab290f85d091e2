"""What the world is made of. Times are seconds since 1970; counts are whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Account:
    """One of the operator's own accounts."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who publishes videos. `main`: one that the standard day works on."""

    id: str
    name: str
    main: bool


class Crowd(StrEnum):
    """How many comments a video draws, and how many of them are replies."""

    QUIET = "quiet"  # fewer than 30
    BUSY = "busy"  # 60 to 150
    HOT = "hot"  # 300 and more
    HUGE = "huge"  # shown as 1.2万 and the like
    THREADS = "threads"  # fewer than 50, but 50 and more are shown, because replies count
    NEAR = "near"  # the same, and hardly more than 50 shown
    EDGE = "edge"  # hardly more than 50, without replies


@dataclass(frozen=True, slots=True)
class Video:
    """One video, as it was when the world began; `comments` counts its comments without replies."""

    id: str
    author_id: str
    author_name: str
    title: str
    created: float
    likes: int
    comments: int
    crowd: Crowd


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `account_id` is empty for the crowd's; `replies` counts those it began with."""

    id: str
    video_id: str
    commenter: str
    text: str
    created: float
    likes: int
    replies: int
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply in a comment's thread."""

    id: str
    comment_id: str
    commenter: str
    text: str
    created: float
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account, through a phone."""

    phone: str
    account_id: str
