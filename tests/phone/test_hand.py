"""The hand: between two tasks a worker has its phone, if it can be had, and holds nobody up over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.phone.conftest import Hold
from tests.support.shelf import Shelf
from workers import hand
from workers.hand import reach_phone
from workers.host.slots import Stop, own_slot
from workers.seat import Seat


@pytest.fixture
def seat(shelf: Shelf, hold: Hold) -> Iterator[Seat]:
    """The seat of a worker of the first phone, which nobody has in hand."""
    told = shelf.phones[0]
    yield Seat(told["serial"], told["address"], shelf.adb.port, "test", "life-1", own_slot())
    hand._hand.let_go()


def in_hand() -> bool:
    return hand._hand.phone is not None


def test_a_phone_is_taken_in_hand_once_and_again_when_the_connection_broke(seat: Seat) -> None:
    reach_phone(seat)
    first = hand._hand.phone
    assert first is not None
    assert first.look().size == (1080, 2400)
    reach_phone(seat)
    assert hand._hand.phone is first
    hand._hand.let_go()
    reach_phone(seat)
    assert in_hand()


def test_a_phone_that_hangs_is_left_to_the_next_task(
    shelf: Shelf, seat: Seat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.fault("hang")
    with monkeypatch.context() as short, caplog.at_level("INFO", "phonefleet.hand"):
        short.setattr(hand, "REACH_SECONDS", 0.5)
        reach_phone(seat)
    assert not in_hand()
    assert "is not in hand yet: time_limit" in caplog.text  # the time to reach it ended this, not that it was hung
    shelf.heal("*")
    reach_phone(seat)
    assert in_hand()


def test_a_worker_that_is_to_end_takes_nothing_in_hand(seat: Seat) -> None:
    seat.slot.ask(Stop.DRAIN, seat.slot.turn)
    reach_phone(seat)
    assert not in_hand()


def test_a_desk_has_no_phone(seat: Seat) -> None:
    reach_phone(Seat(None, "", 5038, "test", "life-1", own_slot()))
    assert not in_hand()
