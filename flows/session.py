"""What a flow holds while it runs: a phone, the app's profile, a seed, and the journal of its actions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from flows.failures import FlowFailure
from flows.phone import Phone, PhoneError
from flows.profile import AppProfile
from flows.screen import Node
from flows.scrolls import Scrolls


def _now() -> datetime:
    return datetime.now(UTC)


class ActionKind(StrEnum):
    """An irreversible act in the app."""

    COMMENT = "comment"
    REPLY = "reply"
    LIKE_VIDEO = "like_video"
    LIKE_COMMENT = "like_comment"
    DISLIKE_COMMENT = "dislike_comment"
    REPORT_COMMENT = "report_comment"


@dataclass(frozen=True, slots=True)
class Action:
    """One irreversible act, named by what a person would call it by; absent parts are empty."""

    kind: ActionKind
    author_id: str
    title: str
    target_commenter: str = ""
    target_comment: str = ""
    text: str = ""


class ActionRefused(Exception):
    """Responsible use refuses this action; `code` is no_basis, cap_reached, text_repeated or comment_full."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Journal(Protocol):
    """Where actions are written down before and after they happen."""

    def done(self) -> Sequence[Action]:
        """The actions that earlier attempts at this task completed."""

    def verified(self, action: Action) -> bool:
        """Is this one of `done`, and was it seen on the app afterwards?"""

    def refusal(self, action: Action) -> ActionRefused | None:
        """Would `declare` refuse this now? A look, without writing anything."""

    def declare(self, action: Action) -> int:
        """Write the point of no return to disk; the action's number. Raises ActionRefused."""

    def confirm(self, number: int, *, verified: bool) -> None:
        """The action happened; verified when it was seen on the app afterwards."""

    def refute(self, number: int, reason: str) -> None:
        """The action is known not to have happened."""


class Watch(Protocol):
    """The worker's eyes on a running flow."""

    def check(self) -> None:
        """Called before every touch of the phone. Raises Stopped, or FlowFailure('time_limit')."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Names the step that runs inside the block, for logs, progress and evidence."""


class PointOfNoReturn:
    """One declared action while its outcome is open."""

    def __init__(self, phone: Phone, watch: Watch) -> None:
        self._phone = phone
        self._watch = watch
        self.touched = False
        self.verified: bool | None = None
        self.refuted: str | None = None
        self.limited = ""  # what the app's rate-limit page said, when it came up after the act

    @property
    def decided(self) -> bool:
        """It is known what came of the action."""
        return self.verified is not None or self.refuted is not None

    def tap(self, node: Node) -> None:
        """The irreversible tap itself. One that provably never left settles the action as not done.

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
        """The app accepted the action; verified when it was seen on the screen afterwards."""
        self.verified = verified

    def did_not_happen(self, reason: str) -> None:
        """The app refused the action visibly."""
        self.refuted = reason


@dataclass(slots=True)
class Session:
    """All that a flow gets. `account_id` is the account that the ledger expects on this phone.

    `account_read_lately`: the worker itself read from the app, minutes ago, that this account is
    logged in; a flow that only reads then spends no calls on looking again.
    `scrolls`: how far lists run on after a swipe on this phone, learned from one session to the next.
    `pause` waits so many seconds and `now` tells the moment with its zone; both can be replaced,
    so that a flow's waits and times are the caller's.
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
    pages: set[str] = field(default_factory=set)  # that the profile knew on the way
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _now

    @contextmanager
    def point_of_no_return(self, action: Action) -> Iterator[PointOfNoReturn]:
        """Declare, act inside the block, and write down what came of it.

        What the block said is written even when the block fails afterwards, and its error goes on.
        A block that ends or fails without saying what happened leaves the action open:
        FlowFailure('outcome_unknown'), and nothing repeats it blindly; only a PhoneError of a call
        that was never sent, before any tap of the block, proves that nothing happened. Raises
        ActionRefused before the block is entered.
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
