"""Puts caps into words: the cap that stops a task, its numbers, and the time when it allows actions again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.responsible_use.caps import operator_day

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class CapsUsed:
    """The numbers behind a CapRoom: each account's actions today and comments on the video, limits, and a day's end."""

    actions_today: Mapping[str, int] = field(default_factory=dict)
    most_actions: int = 0
    most_on_video: int = 0
    free_at: str = "the operator's next midnight"
    comments: Mapping[str, int] = field(default_factory=dict)
    most_comments: int = 0


def day_end(now: datetime, zone: str) -> datetime:
    """Returns when the operator's next day begins: then the caps on a day's actions allow more."""
    tomorrow = operator_day(now, zone) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZoneInfo(zone))


def next_day(now: datetime, zone: str) -> str:
    """Returns the same with its zone, for people: 2026-11-30 00:00 Asia/Shanghai."""
    return f"{day_end(now, zone):%Y-%m-%d %H:%M} {zone}"


def caps_reason(
    accounts: Sequence[str],
    full: Set[str],
    on_video: Set[str] | None,
    used: CapsUsed,
    commented: Set[str] = frozenset(),
) -> str:
    """Returns why none of these accounts may act now: only the caps stop them.

    `full` are those whose day is used up, `on_video` those that alone may act on the video, if it is full, `commented`
    those that posted all their comments there.
    """
    told = []
    spent = sorted(account for account in set(accounts) if account in full)
    if spent:
        counts = [
            f"account {account} did {used.actions_today.get(account, used.most_actions)} of {used.most_actions} actions"
            for account in spent
        ]
        told.append(f"{_some(counts)} today (cap actions_per_account_day); free again at {used.free_at}")
    if on_video is not None and any(account not in on_video for account in accounts):
        told.append(
            f"{len(on_video)} of {used.most_on_video} accounts acted on this video (cap accounts_per_video: "
            f"{_some(sorted(on_video))}), which no day frees; it waits for one of those"
        )
    posted = sorted(account for account in set(accounts) if account in commented)
    if posted:
        counts = [
            f"account {one} posted {used.comments.get(one, 0)} of {used.most_comments} comments" for one in posted
        ]
        told.append(f"{_some(counts)} on this video (cap comments_per_account_video), which no day frees")
    return "the caps are used up: " + "; ".join(told)


def _some(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
