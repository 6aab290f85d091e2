"""Responsible use: decides whether an account may act on a content now. Pure.

The same functions decide when a campaign is checked, when a ticket is claimed and, with the ledger's own numbers,
in the transaction that declares a point of no return.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from models.values.enums import BasisKind

# The kinds of action that count as a comment on a video, as a reply to a comment or thread, and as a like.
COMMENTS = frozenset({"comment"})
WORDS = frozenset({"comment", "reply"})
LIKES = frozenset({"like_comment"})
DISLIKE, REPORT = "dislike_comment", "report_comment"


@dataclass(frozen=True, slots=True)
class Caps:
    """The limits on actions. Their defaults are careful; each change is recorded."""

    actions_per_account_day: int = 40
    accounts_per_video: int = 5
    comments_per_video: int = 5
    comments_per_account_video: int = 1
    replies_per_comment: int = 1
    likes_per_comment: int = 3
    dislikes_per_comment: int = 1
    dislikes_per_author_day: int = 5
    reports_per_author_day: int = 5

    def with_values(self, values: Mapping[str, int]) -> Caps:
        """Returns these caps with the given values in place of their own."""
        return replace(self, **values)


CAP_NAMES = tuple(one.name for one in fields(Caps))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is refused, with the numbers.

    `code`: no_basis, own_comment, not_approved, video_full, comment_full, author_full and quota_reached, which apply
    to every account; cap_reached, account_quota_reached or text_repeated, which may not apply to another one;
    page_drift, of a phone whose app was updated and whose patch of the profile nobody accepted.
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis for acting on an author's content: owned, permitted (until a day), or none."""

    kind: str
    expires: date | None = None

    def holds(self, today: date) -> bool:
        return self.kind == BasisKind.OWNED or (
            self.kind == BasisKind.PERMITTED and (self.expires is None or today <= self.expires)
        )


@dataclass(frozen=True, slots=True)
class Use:
    """The actions done so far: by this account today, on this video, on this comment.

    `comments_on_video`: account → the number of its comments on this video, replies not counted.
    """

    account_actions_today: int
    accounts_on_video: Set[str]
    comments_on_video: Mapping[str, int] = field(default_factory=dict)
    replies_on_comment: int = 0
    likes_on_comment: int = 0
    same_on_comment: int = 0  # actions of this kind
    same_of_author_today: int = 0  # dislikes or reports, whichever this action is
    text_on_video: bool = False  # this account posted the same text on this video


def basis_refusal(author_id: str, basis: Basis | None, today: date) -> Refusal | None:
    """Returns why the fleet may not act on this author's content today; None if it may."""
    if basis is not None and basis.holds(today):
        return None
    if basis is None:
        return Refusal("no_basis", f"author {author_id!r} is not registered, so there is no basis to act")
    if basis.kind == BasisKind.PERMITTED:
        return Refusal("no_basis", f"the permission for author {author_id!r} ran out on {basis.expires}")
    return Refusal("no_basis", f"author {author_id!r} has no basis to act on")


def cap_refusal(caps: Caps, kind: str, account_id: str, use: Use) -> Refusal | None:
    """Returns why the caps refuse one more action of this kind by this account; None if it stays within them."""
    full = comment_refusal(caps, use.comments_on_video) if kind in COMMENTS else None
    if full is not None:  # first, because no other account may either
        return full
    if use.account_actions_today >= caps.actions_per_account_day:
        return Refusal(
            "cap_reached",
            f"account {account_id!r} did {use.account_actions_today} of {caps.actions_per_account_day} actions today",
        )
    if account_id not in use.accounts_on_video and len(use.accounts_on_video) >= caps.accounts_per_video:
        return Refusal(
            "cap_reached", f"{len(use.accounts_on_video)} of {caps.accounts_per_video} accounts acted on this video"
        )
    mine = use.comments_on_video.get(account_id, 0)
    if kind in COMMENTS and mine >= caps.comments_per_account_video:
        return Refusal(
            "cap_reached",
            f"account {account_id!r} posted {mine} of {caps.comments_per_account_video} comments on this video"
            " (cap comments_per_account_video)",
        )
    if kind == "reply" and use.replies_on_comment >= caps.replies_per_comment:
        return Refusal(
            "comment_full", f"this comment has {use.replies_on_comment} of {caps.replies_per_comment} replies"
        )
    if kind in LIKES and use.likes_on_comment >= caps.likes_per_comment:
        return Refusal(
            "comment_full", f"this comment has {use.likes_on_comment} of {caps.likes_per_comment} likes of ours"
        )
    if use.text_on_video:
        return Refusal("text_repeated", f"account {account_id!r} posted this same text on this video before")
    return _turned_away(caps, kind, use)


def _turned_away(caps: Caps, kind: str, use: Use) -> Refusal | None:
    """Returns why no account may dislike, or report, a further comment; None if one may, or for another kind."""
    if kind not in (DISLIKE, REPORT):
        return None
    there, done = use.same_on_comment, use.same_of_author_today
    if kind == REPORT and there:  # no cap: what several accounts report looks like several people
        return Refusal("comment_full", "an account of ours reported this comment before; no second one does")
    if kind == DISLIKE and there >= caps.dislikes_per_comment:
        told = f"{there} of {caps.dislikes_per_comment} dislikes of ours (cap dislikes_per_comment)"
        return Refusal("comment_full", f"this comment has {told}")
    name = "dislikes_per_author_day" if kind == DISLIKE else "reports_per_author_day"
    most: int = getattr(caps, name)
    if done >= most:
        return Refusal("author_full", f"{done} of {most} were done today on this author's videos (cap {name})")
    return None


def comment_refusal(caps: Caps, comments_on_video: Mapping[str, int]) -> Refusal | None:
    """Returns why no account may post a further comment on this video; None if one fits."""
    total = sum(comments_on_video.values())
    if total < caps.comments_per_video:
        return None
    return Refusal(
        "video_full", f"this video has {total} of {caps.comments_per_video} comments of ours (cap comments_per_video)"
    )


def operator_day(moment: datetime, zone: str) -> date:
    """Returns the day of a moment in the operator's time zone; caps are counted by this day."""
    return moment.astimezone(ZoneInfo(zone)).date()
