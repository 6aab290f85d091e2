"""The point of no return: what is written down, whatever happens inside."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from flows.action import Action, ActionKind, ActionRefused
from flows.failures import FlowFailure, Stopped
from flows.phone import PhoneError
from flows.profile import load_profile
from flows.screen import Node
from flows.session import PointOfNoReturn, Session
from tests.support.memory import MemoryJournal, MemoryWatch

ACTION = Action(ActionKind.COMMENT, "author", "title", text="好")
NODE = Node("id", "", "", (0, 0, 10, 10), "", "")


class Finger:
    """A phone that only taps, or fails to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.taps = 0

    def tap(self, node: Node) -> None:
        self.taps += 1
        if self.error is not None:
            raise self.error


def session(phone: Any, watch: MemoryWatch | None = None) -> Session:
    return Session(phone, load_profile(), "account", random.Random(1), MemoryJournal(), watch or MemoryWatch())


def journal(held: Session) -> MemoryJournal:
    assert isinstance(held.journal, MemoryJournal)
    return held.journal


def act_then(held: Session, error: BaseException, say: Callable[[PointOfNoReturn], None]) -> None:
    """Tap, say something about the outcome or nothing, and fail."""
    with held.point_of_no_return(ACTION) as act:
        act.tap(NODE)
        say(act)
        raise error


def test_what_happened_is_written_down() -> None:
    held = session(Finger())
    with held.point_of_no_return(ACTION) as act:
        assert journal(held).open == [ACTION]  # on record before the tap
        act.tap(NODE)
        act.happened(verified=True)
    assert journal(held).confirmed == {1: True}


def test_a_visible_refusal_is_written_down() -> None:
    held = session(Finger())
    with held.point_of_no_return(ACTION) as act:
        act.tap(NODE)
        act.did_not_happen("你暂时无法评论")
    assert journal(held).refuted == {1: "你暂时无法评论"}


@pytest.mark.parametrize(
    "error", [FlowFailure("may_not_act", "no"), Stopped(), RuntimeError("bug"), KeyboardInterrupt()]
)
def test_an_outcome_said_before_an_error_is_written_and_the_error_goes_on(error: BaseException) -> None:
    held = session(Finger())
    with pytest.raises(type(error)) as raised:
        act_then(held, error, lambda act: act.happened(verified=False))
    assert raised.value is error
    assert (journal(held).confirmed, journal(held).refuted) == ({1: False}, {})

    held = session(Finger())
    with pytest.raises(type(error)) as raised:
        act_then(held, error, lambda act: act.did_not_happen("no"))
    assert raised.value is error
    assert (journal(held).confirmed, journal(held).refuted) == ({}, {1: "no"})


@pytest.mark.parametrize(
    "error",
    [
        FlowFailure("page_not_reached", "?"),
        Stopped(),
        RuntimeError("bug"),
        PhoneError("phone_hung", "?", sent=True),
        PhoneError("phone_lost", "the look after the tap was not sent, but the tap was", sent=False),
    ],
)
def test_an_error_after_the_tap_leaves_the_outcome_unknown(error: Exception) -> None:
    held = session(Finger())
    with pytest.raises(FlowFailure, match="outcome_unknown"):
        act_then(held, error, lambda act: None)
    assert journal(held).open == [ACTION]


def test_a_block_that_says_nothing_leaves_the_outcome_unknown() -> None:
    held = session(Finger())
    with pytest.raises(FlowFailure, match="outcome_unknown"), held.point_of_no_return(ACTION):
        pass
    assert journal(held).open == [ACTION]


def test_a_tap_without_an_answer_is_unknown_and_one_that_never_left_did_not_happen() -> None:
    held = session(Finger(PhoneError("phone_hung", "no answer", sent=True)))
    with pytest.raises(FlowFailure, match="outcome_unknown"), held.point_of_no_return(ACTION) as act:
        act.tap(NODE)
    assert journal(held).open == [ACTION]

    held = session(Finger(PhoneError("phone_lost", "no cable", sent=False)))
    with pytest.raises(PhoneError, match="phone_lost"), held.point_of_no_return(ACTION) as act:
        act.tap(NODE)
    assert journal(held).refuted == {1: "no cable"}


def test_a_stop_before_the_tap_keeps_the_finger_off() -> None:
    finger = Finger()
    held = session(finger, MemoryWatch(stop=Stopped("stop")))
    with pytest.raises(Stopped), held.point_of_no_return(ACTION) as act:
        act.tap(NODE)
    assert finger.taps == 0
    assert journal(held).refuted == {1: "before the tap: stop"}


def test_a_refused_action_is_not_entered() -> None:
    held = session(Finger())
    journal(held).cap = 0
    entered: list[PointOfNoReturn] = []
    with pytest.raises(ActionRefused, match="cap_reached"), held.point_of_no_return(ACTION) as act:
        entered.append(act)
    assert not entered
    assert not journal(held).declared
