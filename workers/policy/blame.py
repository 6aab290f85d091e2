"""Decides the culprit of failures: the same one on several phones, or those of one phone across tasks. Pure.

The same failure on three phones blames what they had in common: the content, or the flow. One phone
that fails task after task, where others do not, is blamed itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
# Failures that a task's own counts and loops may explain: a flow does not look behind the end of its loop.
COUNTS = frozenset({"titles_shortfall"})
BOUNDED_BY: Mapping[str, str] = {"video_not_found": "video_loop", "comment_not_found": "comment_loop"}
# In the details of a failure: how many a flow looked at before it gave up, and how many it might look at.
LOOKED_AT, LOOP = "looked_at", "loop"
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


def parameters_may_explain(code: str) -> bool:
    """Returns whether there are failures of this code that the tasks' own loops and counts explain."""
    return code in COUNTS or code in BOUNDED_BY


def usual_loops(flow: str) -> Mapping[str, int]:
    """Returns the loops of a flow that may end a search: the parameter → its usual value."""
    from flows.specs.catalogue import SPECS  # noqa: PLC0415 - pydantic, which the command `holds` does without

    usual = SPECS[flow].usual if flow in SPECS else {}
    return {loop: usual[loop] for loop in BOUNDED_BY.values() if loop in usual}


def written_params(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters that a task's row holds, without those that come from the results of other tasks."""
    values = [one["value"] for one in args if isinstance(one, Mapping) and "value" in one]
    given: dict[str, Any] = {}
    for value in values:
        given |= value if isinstance(value, Mapping) else {}
    return given | dict(kwargs)


def looks_further(flow: str, params: Mapping[str, Any]) -> bool:
    """Returns whether a task asks its flow for more than the flow's time limit is meant for.

    The parameters are read as the flow reads them. Those that it would refuse have asked for nothing usual.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    from flows.specs.catalogue import SPECS  # noqa: PLC0415 - as above

    try:
        asked = SPECS[flow].params_model.model_validate(dict(params))
    except ValidationError:
        return True
    return any(getattr(asked, name) > most for name, most in SPECS[flow].usual.items())


def parameters_explain(
    code: str, params: Mapping[str, Any], usual: Mapping[str, int], details: Mapping[str, Any]
) -> bool:
    """Returns whether the loops and counts that a task was asked for explain its failure.

    Such a failure says nothing about the same content for others. `usual` are the flow's own loops; they decide
    where the flow does not tell that the list ended before its loop did.
    """
    if code in COUNTS:
        return True
    loop = BOUNDED_BY.get(code)
    if loop is None or loop not in usual:
        return False
    looked_at, most = details.get(LOOKED_AT), details.get(LOOP)
    if isinstance(looked_at, int) and isinstance(most, int):
        return looked_at >= most
    asked = params.get(loop, usual[loop])
    return not isinstance(asked, int) or asked < usual[loop]


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


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A phone's quarantine: how long, and why."""

    pause: timedelta
    why: str


def quarantine_after(
    code: str, tries: Callable[[], Sequence[Try]], *, until: datetime | None, before: int, now: datetime
) -> Quarantine | None:
    """Returns the quarantine that a failure with this code puts its phone into; None for none.

    `tries`: reads the phone's last attempts, newest first, this one among them. `until`: the end of its quarantine, if
    it had one: then the failed task was its canary. `before`: its quarantines in a row.
    """
    if until is not None and until > now:
        return None
    why = _canary_failed(code) if until is not None else phone_to_blame(tries())
    return None if why is None else Quarantine(cool_down(before), why)


def _canary_failed(code: str) -> str | None:
    if code in PASSED_OVER or CODES[code].culprit in NOT_THE_PHONES:
        return None
    return f"it failed the task it was tried with: {code}"


def cool_down(quarantines: int) -> timedelta:
    """Returns how long a phone rests after that many quarantines in a row before this one."""
    return timedelta(seconds=COOL_DOWNS.wait(quarantines + 1))
