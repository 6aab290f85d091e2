"""The session of a running flow: a phone, the app's profile, a seed, and the journal of its actions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from flows.action import Action, ActionRefused
from flows.failures import FlowFailure
from flows.phone import Phone, PhoneError
from flows.profile import AppProfile
from flows.screen import Node
from flows.scrolls import Scrolls


def _now() -> datetime:
    return datetime.now(UTC)


class Journal(Protocol):
    """Records actions before and after they happen."""

    def done(self) -> Sequence[Action]:
        """Returns the actions that earlier attempts at this task completed."""

    def verified(self, action: Action) -> bool:
        """Returns whether this action is in `done` and was seen in the app afterwards."""

    def refusal(self, action: Action) -> ActionRefused | None:
        """Returns why `declare` would refuse this action now; None if it would not. Writes nothing."""

    def declare(self, action: Action) -> int:
        """Writes the point of no return to disk. Returns the action's number. Raises ActionRefused."""

    def confirm(self, number: int, *, verified: bool) -> None:
        """Records that the action happened; `verified`: it was seen in the app afterwards."""

    def refute(self, number: int, reason: str) -> None:
        """Records that the action did not happen."""


class Watch(Protocol):
    """The worker's control over a running flow."""

    def check(self) -> None:
        """Called before every touch of the phone. Raises Stopped, or FlowFailure('time_limit')."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Names the step that runs inside the block, for logs, progress and evidence."""


class PointOfNoReturn:
    """One declared action whose outcome is not known yet."""

    def __init__(self, phone: Phone, watch: Watch) -> None:
        self._phone = phone
        self._watch = watch
        self.touched = False
        self.verified: bool | None = None
        self.refuted: str | None = None
        self.limited = ""  # the text of the app's rate-limit page, if it appeared after the act

    @property
    def decided(self) -> bool:
        """True when the outcome of the action is known."""
        return self.verified is not None or self.refuted is not None

    def tap(self, node: Node) -> None:
        """Makes the irreversible tap. If it provably was never sent, records the action as not done.

        Raises PhoneError; Stopped or FlowFailure('time_limit') when the worker must not touch the phone any more.
        """
        try:
            self._watch.check()
        except Exception as error:
            self.did_not_happen(f"before the tap: {error}")
            raise
        try:
            self._phone.tap(node)
        except PhoneError as error:
            if not error.sent:
                self.did_not_happen(error.reason)
            raise
        finally:
            self.touched = not self.decided

    def happened(self, *, verified: bool) -> None:
        """Records that the app accepted the action; `verified`: it was seen on the screen afterwards."""
        self.verified = verified

    def did_not_happen(self, reason: str) -> None:
        """Records that the app visibly refused the action."""
        self.refuted = reason


@dataclass(slots=True)
class Session:
    """Everything that a flow gets. `account_id` is the account that the ledger expects on this phone.

    `account_read_lately`: the worker read from the app, minutes ago, that this account is logged in; a flow that only
    reads then does not check it again. `scrolls`: how far lists on this phone run on after a swipe, kept from session
    to session. `pause` waits for a number of seconds, and `now` returns the time with its zone; callers can replace
    both.
    """

    phone: Phone
    profile: AppProfile
    account_id: str
    rng: random.Random
    journal: Journal
    watch: Watch
    account_read_lately: bool = False
    notes: dict[str, object] = field(default_factory=dict)
    scrolls: Scrolls = field(default_factory=Scrolls)
    pages: set[str] = field(default_factory=set)  # pages that the profile recognised so far
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _now

    @contextmanager
    def point_of_no_return(self, action: Action) -> Iterator[PointOfNoReturn]:
        """Declares an action; the caller acts inside the block; records the outcome.

        The outcome that the block stated is recorded even if the block fails afterwards; its error is passed on. A
        block that ends or fails without an outcome leaves the action in doubt: raises FlowFailure('outcome_unknown'),
        and no attempt repeats the action blindly. Only a PhoneError of a call that was never sent, before any tap of
        the block, proves that nothing happened. Raises ActionRefused before the block.
        """
        number = self.journal.declare(action)
        act = PointOfNoReturn(self.phone, self.watch)
        try:
            yield act
        except BaseException as error:
            if not act.decided and isinstance(error, PhoneError) and not (error.sent or act.touched):
                act.did_not_happen(error.reason)
            if act.decided:
                self._write_down(number, act)
            elif isinstance(error, Exception):
                raise FlowFailure("outcome_unknown", f"{action.kind}: {error}") from error
            raise
        if not act.decided:
            raise FlowFailure("outcome_unknown", f"{action.kind}: the flow could not tell what came of it")
        self._write_down(number, act)

    def _write_down(self, number: int, act: PointOfNoReturn) -> None:
        if act.refuted is not None:
            self.journal.refute(number, act.refuted)
        else:
            self.journal.confirm(number, verified=bool(act.verified))
