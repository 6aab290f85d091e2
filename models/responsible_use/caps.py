"""Responsible use, as decisions: may this account act on this content now?

Pure functions of values. The same ones answer when a campaign is checked, when a ticket is
claimed and, with the ledger's own numbers, in the transaction that declares a point of no return.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from models.enums import BasisKind

# What counts as a comment or a reply on one comment, and what as a like.
WORDS = frozenset({"comment", "reply"})
LIKES = frozenset({"like_comment"})


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is allowed. Careful by default; each change is recorded."""

    actions_per_account_day: int = 40
    accounts_per_video: int = 5
    replies_per_comment: int = 1
    likes_per_comment: int = 3

    def with_values(self, values: Mapping[str, int]) -> Caps:
        """These caps with some of them changed."""
        return replace(self, **values)


CAP_NAMES = tuple(field.name for field in fields(Caps))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is refused, with the numbers: no_basis; cap_reached and text_repeated, which another
    account may not have; comment_full, which no account may go beyond."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Basis:
    """Why we may act on an author's content: owned, permitted (until a day), or none."""

    kind: str
    expires: date | None = None

    def holds(self, today: date) -> bool:
        return self.kind == BasisKind.OWNED or (
            self.kind == BasisKind.PERMITTED and (self.expires is None or today <= self.expires)
        )


@dataclass(frozen=True, slots=True)
class Use:
    """What was done so far: by this account today, on this video, on this comment."""

    account_actions_today: int
    accounts_on_video: Set[str]
    replies_on_comment: int = 0
    likes_on_comment: int = 0
    text_on_video: bool = False  # this account posted this very text on this video


def basis_refusal(author_id: str, basis: Basis | None, today: date) -> Refusal | None:
    """Returns None when we may act on this author's content today."""
    if basis is not None and basis.holds(today):
        return None
    if basis is None:
        return Refusal("no_basis", f"author {author_id!r} is not registered, so there is no basis to act")
    if basis.kind == BasisKind.PERMITTED:
        return Refusal("no_basis", f"the permission for author {author_id!r} ran out on {basis.expires}")
    return Refusal("no_basis", f"author {author_id!r} has no basis to act on")


def cap_refusal(caps: Caps, kind: str, account_id: str, use: Use) -> Refusal | None:
    """None when one more action of this kind by this account stays within the caps."""
    if use.account_actions_today >= caps.actions_per_account_day:
        return Refusal(
            "cap_reached",
            f"account {account_id!r} did {use.account_actions_today} of {caps.actions_per_account_day} actions today",
        )
    if account_id not in use.accounts_on_video and len(use.accounts_on_video) >= caps.accounts_per_video:
        return Refusal(
            "cap_reached", f"{len(use.accounts_on_video)} of {caps.accounts_per_video} accounts acted on this video"
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
        return Refusal("text_repeated", f"account {account_id!r} posted this very text on this video before")
    return None


def operator_day(moment: datetime, zone: str) -> date:
    """The operator's day that a moment falls into; caps are counted by it."""
    return moment.astimezone(ZoneInfo(zone)).date()
