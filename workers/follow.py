"""What follows a failure: a pure decision from the failure and the attempts so far.

retry_here   again on this phone, a few times; then as other_phone
other_phone  a phone that has not failed it; work pinned to an account waits and tries again
fatal        ends, at once
unknown      the same account looks on the app; what it cannot tell, a person does: needs_review
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flows.failures import CODES, Kind

TRIES_HERE = 2  # attempts on one phone before it counts as unable
ATTEMPTS = 8  # attempts at a task before it fails for good
# Pinned work comes back for these: they pass, or a person mends them within the task's time.
PASSING = frozenset(
    {
        "logged_out",
        "wrong_account",
        "network_down",
        "phone_lost",
        "phone_hung",
        "app_missing",
        "page_drift",
        "time_limit",
        "ui_server_lost",
    }
)

# Looks for an action in doubt before a person is asked; with the pauses between them about half an hour.
LOOKS = 12

MoveKind = Literal["again", "fail", "verify", "review"]


@dataclass(frozen=True, slots=True)
class Past:
    """An attempt that failed before: where and why; `lost` when its worker died and told nothing."""

    phone_serial: str | None
    account_id: str | None
    code: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """What to do next; `after` is a pause in seconds, `not_here` leaves this phone out."""

    kind: MoveKind
    after: float = 0.0
    not_here: bool = False


def next_move(code: str, past: Sequence[Past], *, pinned: bool) -> Move:
    """What follows a failure with this code, the last of `past` being the attempt that failed."""
    kind = CODES[code].kind
    if kind is Kind.UNKNOWN:
        if code == "unverifiable" or len(past) >= LOOKS:
            return Move("review")
        return Move("verify", after=pause(len(past) - 1) if len(past) > 1 else 0.0)
    if kind is Kind.FATAL or len(past) >= ATTEMPTS:
        return Move("fail")
    here = past[-1].phone_serial if past else None
    tries_here = sum(1 for one in past if one.phone_serial == here)
    if kind is Kind.RETRY_HERE and (pinned or tries_here < TRIES_HERE):
        return Move("again", after=pause(tries_here))
    if pinned:
        passes = code in PASSING or kind is Kind.RETRY_HERE
        return Move("again", after=pause(len(past) + 2)) if passes else Move("fail")
    return Move("again", after=0.0, not_here=True)


def pause(tries: int) -> float:
    """Seconds before the next try: 1, 2, 4, … at most 300."""
    return float(min(300, 2 ** max(0, tries - 1)))


def unable(past: Sequence[Past]) -> tuple[frozenset[str], frozenset[str]]:
    """The phones and the accounts that shall not try this task again.

    A worker that died is no failure of its phone's: only when it happens again there is the phone left out.
    """
    phones: dict[str, int] = {}
    out_phones: set[str] = set()
    out_accounts: set[str] = set()
    for one in past:
        rule = CODES[one.code]
        if one.phone_serial is not None:
            phones[one.phone_serial] = phones.get(one.phone_serial, 0) + 1
            if (rule.kind is Kind.OTHER_PHONE and not one.lost) or phones[one.phone_serial] >= TRIES_HERE:
                out_phones.add(one.phone_serial)
        if rule.culprit.value == "account" and one.account_id is not None:
            out_accounts.add(one.account_id)
    return frozenset(out_phones), frozenset(out_accounts)
