"""Decides what to do after a failure, from the failure and the attempts so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flows.failures import CODES, Culprit, Kind
from models.values.backoff import Backoff

TRIES_HERE = 2  # attempts on one phone before it counts as unable
ATTEMPTS = 8  # failed attempts at a task before it fails for good
LOSSES = 16  # attempts lost with their workers before it fails for good: those are seldom the task's doing
PAUSES = Backoff(first=1.0, most=300.0)
IMMEDIATE_RETRIES = 2  # so many failures or losses in a row are followed at once, further ones after a pause
# Looks for an action in doubt before a person is asked; with the pauses between them about half an hour.
LOOKS = 12
# Pinned work comes back for these: they pass, or a person mends them within the task's time.
PASSING = frozenset(
    {
        "logged_out",
        "wrong_account",
        "network_down",
        "phone_lost",
        "phone_hung",
        "app_missing",
        "other_app_missing",
        "page_drift",
        "time_limit",
        "too_little_time",
        "ui_server_lost",
    }
)
# The platform asks for a person: the account rests, and no other one gets round that with the same task.
RESTING = frozenset({"rate_limited", "verification_asked"})


class RetryMove(StrEnum):
    """The kinds of decision after a failure."""

    HERE = "here"  # again after a pause; this phone may take it too
    ELSEWHERE = "elsewhere"  # a phone that has not failed it; those that did are left out
    LATER = "later"  # work pinned to an account or a phone comes back to it after a pause
    STAY = "stay"  # it waits for its account, which rests until a person looked at it
    FAIL = "fail"  # it ends, at once
    VERIFY = "verify"  # the account that acted looks on the app for what is in doubt
    REVIEW = "review"  # nobody can tell: a person looks


@dataclass(frozen=True, slots=True)
class PriorAttempt:
    """An earlier failed attempt: its phone, account and code; `lost` when its worker died without an answer."""

    phone_serial: str | None
    account_id: str | None
    code: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The decision; `after` is a pause in seconds."""

    kind: RetryMove
    after: float = 0.0


def decide_retry(code: str, past: Sequence[PriorAttempt], *, pinned: bool, chance: float = 1.0) -> RetryDecision:
    """Decides after a failure with this code; the last of `past` is the attempt that failed.

    `chance` (0 to 1) is drawn by the caller: it spreads each pause between its half and its whole, so that
    what failed together is not tried again together.
    """
    move = _move(code, past, pinned=pinned)
    return RetryDecision(move.kind, move.after * (0.5 + 0.5 * chance))


def _move(code: str, past: Sequence[PriorAttempt], *, pinned: bool) -> RetryDecision:
    kind = CODES[code].kind
    if kind is Kind.UNKNOWN:
        return _look(code, past)
    failures = [one for one in past if not one.lost]
    losses = len(past) - len(failures)
    if kind is Kind.FATAL or len(failures) >= ATTEMPTS or losses >= LOSSES:
        return RetryDecision(RetryMove.FAIL)
    if code in RESTING:
        return RetryDecision(RetryMove.STAY)
    if past and past[-1].lost:
        return RetryDecision(RetryMove.LATER if pinned else RetryMove.HERE, _after_some(losses))
    if kind is Kind.RETRY_HERE:
        tries = _tries_here(past)
        if pinned:
            return RetryDecision(RetryMove.LATER, pause(tries))
        return RetryDecision(RetryMove.HERE, pause(tries)) if tries < TRIES_HERE else RetryDecision(RetryMove.ELSEWHERE)
    if pinned:
        return (
            RetryDecision(RetryMove.LATER, pause(len(failures) + 2))
            if code in PASSING
            else RetryDecision(RetryMove.FAIL)
        )
    return RetryDecision(RetryMove.ELSEWHERE, _after_some(len(failures)))


def _look(code: str, past: Sequence[PriorAttempt]) -> RetryDecision:
    if code == "unverifiable" or len(past) >= LOOKS:
        return RetryDecision(RetryMove.REVIEW)
    return RetryDecision(RetryMove.VERIFY, pause(len(past) - 1) if len(past) > 1 else 0.0)


def _tries_here(past: Sequence[PriorAttempt]) -> int:
    here = past[-1].phone_serial if past else None
    return sum(1 for one in past if one.phone_serial == here)


def _after_some(times: int) -> float:
    return 0.0 if times <= IMMEDIATE_RETRIES else pause(times - IMMEDIATE_RETRIES)


def pause(tries: int) -> float:
    """Returns the seconds before the next try: 1, 2, 4, … at most 300."""
    return PAUSES.wait(max(1, tries))


@dataclass(frozen=True, slots=True)
class Excluded:
    """The accounts that never try a task again, and the phones that do so only when no other phone may."""

    phones: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


def excluded(past: Sequence[PriorAttempt]) -> Excluded:
    """Returns the accounts and phones that these failed attempts exclude.

    One dead worker does not exclude its phone; a second failed or lost attempt there does.
    """
    tries: dict[str, int] = {}
    phones: set[str] = set()
    accounts: set[str] = set()
    for one in past:
        rule = CODES[one.code]
        if rule.culprit is Culprit.ACCOUNT and one.code not in PASSING:
            accounts.update({one.account_id} if one.account_id is not None else ())
        elif one.phone_serial is not None:
            tries[one.phone_serial] = tries.get(one.phone_serial, 0) + 1
            if (rule.kind is Kind.OTHER_PHONE and not one.lost) or tries[one.phone_serial] >= TRIES_HERE:
                phones.add(one.phone_serial)
    return Excluded(frozenset(phones), frozenset(accounts))
