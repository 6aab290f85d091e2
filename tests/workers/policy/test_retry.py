"""What follows a failure, and who shall not try again."""

from __future__ import annotations

import pytest

from flows.failures import CODES, Kind
from workers.policy.retry import (
    ATTEMPTS,
    LOOKS,
    LOSSES,
    PASSING,
    RESTING,
    Excluded,
    PriorAttempt,
    RetryDecision,
    RetryMove,
    decide_retry,
    excluded,
    pause,
)

FATAL = sorted(code for code, rule in CODES.items() if rule.kind is Kind.FATAL)
OTHER = sorted(code for code, rule in CODES.items() if rule.kind is Kind.OTHER_PHONE and code not in RESTING)
HERE = sorted(code for code, rule in CODES.items() if rule.kind is Kind.RETRY_HERE)
UNKNOWN = sorted(code for code, rule in CODES.items() if rule.kind is Kind.UNKNOWN)


def failed(code: str, *phones: str) -> list[PriorAttempt]:
    return [PriorAttempt(phone, f"acc-{phone}", code) for phone in phones]


def lost(*phones: str) -> list[PriorAttempt]:
    return [PriorAttempt(phone, f"acc-{phone}", "phone_lost", lost=True) for phone in phones]


def test_every_code_has_its_kind() -> None:
    assert sorted([*FATAL, *OTHER, *HERE, *UNKNOWN, *RESTING]) == sorted(CODES)
    assert set(CODES) >= PASSING


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("code", FATAL)
def test_fatal_ends_at_once(code: str, pinned: bool) -> None:
    assert decide_retry(code, failed(code, "p1"), pinned=pinned) == RetryDecision(RetryMove.FAIL)


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize(
    ("tries", "move"),
    [
        (1, RetryDecision(RetryMove.VERIFY, 0.0)),
        (2, RetryDecision(RetryMove.VERIFY, 1.0)),
        (5, RetryDecision(RetryMove.VERIFY, 8.0)),
        (LOOKS - 1, RetryDecision(RetryMove.VERIFY, 300.0)),
        (LOOKS, RetryDecision(RetryMove.REVIEW)),
    ],
)
def test_unknown_is_looked_for_and_then_goes_to_a_person(tries: int, move: RetryDecision, pinned: bool) -> None:
    assert decide_retry("outcome_unknown", failed("outcome_unknown", *["p1"] * tries), pinned=pinned) == move


@pytest.mark.parametrize("pinned", [True, False])
def test_what_the_app_cannot_tell_goes_to_a_person(pinned: bool) -> None:
    assert decide_retry("unverifiable", failed("unverifiable", "p1"), pinned=pinned) == RetryDecision(RetryMove.REVIEW)


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("code", sorted(RESTING))
def test_what_asks_for_a_person_stays_with_its_account(code: str, pinned: bool) -> None:
    assert decide_retry(code, failed(code, "p1"), pinned=pinned) == RetryDecision(RetryMove.STAY)


@pytest.mark.parametrize("code", OTHER)
def test_another_phone_takes_it_at_once_and_after_some_phones_later(code: str) -> None:
    assert decide_retry(code, failed(code, "p1"), pinned=False) == RetryDecision(RetryMove.ELSEWHERE)
    assert decide_retry(code, failed(code, "p1", "p2"), pinned=False) == RetryDecision(RetryMove.ELSEWHERE)
    assert decide_retry(code, failed(code, "p1", "p2", "p3"), pinned=False) == RetryDecision(RetryMove.ELSEWHERE, 1.0)
    assert decide_retry(code, failed(code, *"abcdef"), pinned=False) == RetryDecision(RetryMove.ELSEWHERE, 8.0)


@pytest.mark.parametrize("code", HERE)
def test_a_glitch_is_tried_again_here_and_then_elsewhere(code: str) -> None:
    assert decide_retry(code, failed(code, "p1"), pinned=False) == RetryDecision(RetryMove.HERE, 1.0)
    assert decide_retry(code, failed(code, "p1", "p1"), pinned=False) == RetryDecision(RetryMove.ELSEWHERE)
    assert decide_retry(code, failed(code, "p1", "p1", "p2"), pinned=False) == RetryDecision(RetryMove.HERE, 1.0)


@pytest.mark.parametrize("code", OTHER + HERE)
def test_pinned_work_comes_back_for_what_passes(code: str) -> None:
    move = decide_retry(code, failed(code, "p1"), pinned=True)
    if code in PASSING or code in HERE:
        assert move.kind == "later"
        assert move.after > 0
    else:
        assert move == RetryDecision(RetryMove.FAIL)


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("code", OTHER + HERE + sorted(RESTING))
def test_attempts_are_bounded(code: str, pinned: bool) -> None:
    phones = [f"p{number}" for number in range(ATTEMPTS)]
    assert decide_retry(code, failed(code, *phones), pinned=pinned) == RetryDecision(RetryMove.FAIL)


@pytest.mark.parametrize(
    ("times", "move"),
    [
        (1, RetryDecision(RetryMove.HERE)),
        (2, RetryDecision(RetryMove.HERE)),
        (3, RetryDecision(RetryMove.HERE, 1.0)),
        (6, RetryDecision(RetryMove.HERE, 8.0)),
        (LOSSES - 1, RetryDecision(RetryMove.HERE, 300.0)),
        (LOSSES, RetryDecision(RetryMove.FAIL)),
    ],
)
def test_what_was_lost_with_its_worker_goes_on_at_once_and_not_for_ever(times: int, move: RetryDecision) -> None:
    assert decide_retry("phone_lost", lost(*[f"p{number}" for number in range(times)]), pinned=False) == move


def test_pinned_work_that_was_lost_comes_back_to_its_account() -> None:
    assert decide_retry("phone_lost", lost("p1"), pinned=True) == RetryDecision(RetryMove.LATER)


def test_losses_and_failures_have_budgets_of_their_own() -> None:
    past = [*lost(*"abcdefghij"), *failed("app_crashed", "p1")]
    assert decide_retry("app_crashed", past, pinned=False) == RetryDecision(RetryMove.HERE, 1.0)


def test_pauses_double_up_to_five_minutes() -> None:
    assert [pause(tries) for tries in (0, 1, 2, 3, 9, 10, 100)] == [1, 1, 2, 4, 256, 300, 300]


@pytest.mark.parametrize(("chance", "after"), [(0.0, 4.0), (0.5, 6.0), (1.0, 8.0)])
def test_chance_spreads_a_pause_between_its_half_and_its_whole(chance: float, after: float) -> None:
    assert decide_retry("network_down", failed("network_down", *"abcdef"), pinned=False, chance=chance).after == after


@pytest.mark.parametrize(
    ("past", "phones", "accounts"),
    [
        ([], "", ""),
        (failed("page_drift", "p1"), "p1", ""),
        (failed("may_not_act", "p1"), "", "acc-p1"),
        (failed("logged_out", "p1"), "p1", ""),
        (failed("list_not_loaded", "p1"), "", ""),
        (failed("list_not_loaded", "p1", "p1"), "p1", ""),
        (failed("list_not_loaded", "p1", "p2"), "", ""),
        (lost("p1"), "", ""),
        (lost("p1", "p1"), "p1", ""),
        (failed("phone_lost", "p1"), "p1", ""),
        ([PriorAttempt(None, None, "phone_lost", lost=True)] * 3, "", ""),
    ],
)
def test_who_shall_not_try_again(past: list[PriorAttempt], phones: str, accounts: str) -> None:
    assert excluded(past) == Excluded(frozenset(filter(None, [phones])), frozenset(filter(None, [accounts])))
