"""The phone as flows use it: they look at the screen, tap, swipe and type.

Flows do not know ADB: the worker gives them an implementation of `Phone`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from flows.lossy import Shown
from flows.screen import Node, Screen

Key = Literal["back", "home", "enter"]


class PhoneError(Exception):
    """The phone could not carry out a call. `code` is one of flows.failures.CODES.

    `sent`: whether the call may have reached the phone. A tap that was sent and got no answer may have happened, and
    is never sent again.
    """

    def __init__(self, code: str, reason: str, *, sent: bool) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.sent = sent


class Phone(Protocol):
    """A phone in use. Every call has a deadline and raises PhoneError when it is missed."""

    @property
    def serial(self) -> str:
        """Returns the phone's own serial (ro.serialno)."""

    def look(self) -> Screen:
        """Returns the whole screen, from one hierarchy dump."""

    def texts(self, resource_id: str) -> list[Shown]:
        """Returns the present nodes of one id with their whole texts, in one call. Dumps do not have whole texts."""

    def tap(self, node: Node) -> None:
        """Taps the middle of a node. Never sent twice."""

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        """Drags a finger from start to end (pixels). Never sent twice. The screen runs on after it."""

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """As `swipe`, but the finger lies still at the end before it leaves, so that a list stops there with it."""

    def set_text(self, node: Node, text: str) -> None:
        """Replaces the text of an input field."""

    def press(self, key: Key) -> None:
        """Presses a key. Never sent twice."""

    def screenshot(self) -> bytes:
        """Returns the screen's picture as JPEG bytes."""

    def start_app(self, package: str) -> None:
        """Brings the app to the foreground, at its first page."""

    def stop_app(self, package: str) -> None:
        """Force-stops the app."""
