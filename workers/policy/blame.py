"""Decides the culprit of failures: the same one on several phones, or those of one phone across tasks. Pure.

The same failure on three phones blames what they had in common: the content, or the flow. One phone
that fails task after task, where others do not, is blamed itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flows.failures import CODES, Culprit
from models.values.backoff import Backoff
from models.values.enums import HoldScope
from workers.policy.content import Content

MIN_PHONES = 3  # that failed alike, before what they had in common is blamed
MIN_TASKS = 3  # different ones that a phone failed in a row, before the phone is blamed
LOOK_BACK = timedelta(hours=6)
COOL_DOWN = timedelta(seconds=20)  # the first quarantine; each further one in a row lasts twice as long
MOST_COOL_DOWN = timedelta(minutes=30)
COOL_DOWNS = Backoff(first=COOL_DOWN.total_seconds(), most=MOST_COOL_DOWN.total_seconds())

# What the same failure of several phones blames. What is not named here is the phone's, the account's or nobody's.
BLAMES: Mapping[str, HoldScope] = {
    "author_not_found": HoldScope.AUTHOR,
    "titles_shortfall": HoldScope.AUTHOR,
    "video_not_found": HoldScope.VIDEO,
    "comment_not_found": HoldScope.COMMENT,
    "list_not_loaded": HoldScope.VIDEO,
    "page_not_reached": HoldScope.VIDEO,
    "text_unclear": HoldScope.VIDEO,
    "app_crashed": HoldScope.VIDEO,
    "send_failed": HoldScope.VIDEO,
    "time_limit": HoldScope.VIDEO,
    "page_drift": HoldScope.FLOW,
    "flow_error": HoldScope.FLOW,
}
# A phone is not to blame for these, however often they come: another would have failed as well.
NOT_THE_PHONES = frozenset({Culprit.ACCOUNT, Culprit.CONTENT, Culprit.FLOW, Culprit.TASK})
# Nor do these say that it is well.
PASSED_OVER = frozenset({"ledger_away", "outcome_unknown"})


@dataclass(frozen=True, slots=True)
class Blamed:
    """The culprit of a failure that several phones have: a whole flow, or one author, video or comment."""

    scope: HoldScope
    key: str


def blamed_by(code: str, content: Content) -> Blamed | None:
    """Returns the flow or content to count a failure against; None for the fault of a phone or an account."""
    scope = BLAMES.get(code)
    if scope is None:
        return None
    if scope == HoldScope.FLOW:
        return Blamed(HoldScope.FLOW, "")
    narrowest: Sequence[tuple[HoldScope, str | None]] = (
        (HoldScope.COMMENT, content.comment_key),
        (HoldScope.VIDEO, content.video_key),
        (HoldScope.AUTHOR, content.author_id),
    )
    names = [one for one, _ in narrowest]
    for at, key in narrowest[names.index(scope) :]:  # a task that does not name it counts against the next wider scope
        if key is not None:
            return Blamed(at, key)
    return None


@dataclass(frozen=True, slots=True)
class Try:
    """The end of an attempt on a phone: `code` is None when it did not fail.

    `says_nothing`: it was lost with its worker, stopped, or handed back.
    """

    task_id: str
    code: str | None
    says_nothing: bool = False


def phone_to_blame(tries: Sequence[Try]) -> str | None:
    """Returns the reason to quarantine a phone, from its last attempts, newest first; None for no quarantine.

    A success, or a failure that another would have had as well, ends the row.
    """
    codes: dict[str, str] = {}
    for one in tries:
        if one.says_nothing or one.code in PASSED_OVER:
            continue
        if one.code is None or CODES[one.code].culprit in NOT_THE_PHONES:
            break
        codes.setdefault(one.task_id, one.code)
        if len(codes) == MIN_TASKS:
            return f"it failed {MIN_TASKS} tasks in a row: {', '.join(codes.values())}"
    return None


def cool_down(quarantines: int) -> timedelta:
    """Returns how long a phone rests after that many quarantines in a row before this one."""
    return timedelta(seconds=COOL_DOWNS.wait(quarantines + 1))
