"""What follows a failure, and who shall not try again."""

from __future__ import annotations

import pytest

from flows.failures import CODES, Kind
from workers.follow import ATTEMPTS, LOOKS, PASSING, Move, Past, next_move, pause, unable

FATAL = sorted(code for code, rule in CODES.items() if rule.kind is Kind.FATAL)
OTHER = sorted(code for code, rule in CODES.items() if rule.kind is Kind.OTHER_PHONE)
HERE = sorted(code for code, rule in CODES.items() if rule.kind is Kind.RETRY_HERE)
UNKNOWN = sorted(code for code, rule in CODES.items() if rule.kind is Kind.UNKNOWN)


def failed(code: str, *phones: str) -> list[Past]:
    return [Past(phone, f"acc-{phone}", code) for phone in phones]


def test_every_code_has_its_kind() -> None:
    assert sorted(FATAL + OTHER + HERE + UNKNOWN) == sorted(CODES)
    assert set(CODES) >= PASSING


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("code", FATAL)
def test_fatal_ends_at_once(code: str, pinned: bool) -> None:
    assert next_move(code, failed(code, "p1"), pinned=pinned) == Move("fail")


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize(
    ("tries", "move"),
    [
        (1, Move("verify", 0.0)),
        (2, Move("verify", 1.0)),
        (5, Move("verify", 8.0)),
        (LOOKS - 1, Move("verify", 300.0)),
        (LOOKS, Move("review")),
    ],
)
def test_unknown_is_looked_for_and_then_goes_to_a_person(tries: int, move: Move, pinned: bool) -> None:
    assert next_move("outcome_unknown", failed("outcome_unknown", *["p1"] * tries), pinned=pinned) == move


@pytest.mark.parametrize("pinned", [True, False])
def test_what_the_app_cannot_tell_goes_to_a_person(pinned: bool) -> None:
    assert next_move("unverifiable", failed("unverifiable", "p1"), pinned=pinned) == Move("review")


@pytest.mark.parametrize("code", OTHER)
def test_another_phone_takes_it_at_once(code: str) -> None:
    assert next_move(code, failed(code, "p1"), pinned=False) == Move("again", 0.0, not_here=True)


@pytest.mark.parametrize("code", HERE)
def test_a_glitch_is_tried_again_here_and_then_elsewhere(code: str) -> None:
    assert next_move(code, failed(code, "p1"), pinned=False) == Move("again", 1.0)
    assert next_move(code, failed(code, "p1", "p1"), pinned=False) == Move("again", 0.0, not_here=True)
    assert next_move(code, failed(code, "p1", "p1", "p2"), pinned=False) == Move("again", 1.0)


@pytest.mark.parametrize("code", OTHER + HERE)
def test_pinned_work_comes_back_for_what_passes(code: str) -> None:
    move = next_move(code, failed(code, "p1"), pinned=True)
    if code in PASSING or code in HERE:
        assert move.kind == "again"
        assert move.after > 0
        assert not move.not_here
    else:
        assert move == Move("fail")


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("code", OTHER + HERE)
def test_attempts_are_bounded(code: str, pinned: bool) -> None:
    phones = [f"p{number}" for number in range(ATTEMPTS)]
    assert next_move(code, failed(code, *phones), pinned=pinned) == Move("fail")


def test_pauses_double_up_to_five_minutes() -> None:
    assert [pause(tries) for tries in (0, 1, 2, 3, 9, 10, 100)] == [1, 1, 2, 4, 256, 300, 300]


@pytest.mark.parametrize(
    ("past", "phones", "accounts"),
    [
        ([], set(), set()),
        (failed("page_drift", "p1"), {"p1"}, set()),
        (failed("may_not_act", "p1"), {"p1"}, {"acc-p1"}),
        (failed("list_not_loaded", "p1"), set(), set()),
        (failed("list_not_loaded", "p1", "p1"), {"p1"}, set()),
        (failed("list_not_loaded", "p1", "p2"), set(), set()),
        ([Past("p1", "a", "phone_lost", lost=True)], set(), set()),
        ([Past("p1", "a", "phone_lost", lost=True)] * 2, {"p1"}, set()),
        ([Past("p1", "a", "phone_lost")], {"p1"}, set()),
        ([Past(None, None, "phone_lost", lost=True)] * 3, set(), set()),
    ],
)
def test_who_shall_not_try_again(past: list[Past], phones: set[str], accounts: set[str]) -> None:
    assert unable(past) == (frozenset(phones), frozenset(accounts))
