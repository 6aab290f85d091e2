"""What a flow may do with a phone: look at a screen, and act with a hand.

Flows know no ADB: whoever runs a flow hands it something that fulfils `Phone`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from flows.lossy import Shown
from flows.screen import Node, Screen

Key = Literal["back", "home", "enter"]


class PhoneError(Exception):
    """The phone could not carry out a call. `code` is one of flows.failures.CODES.

    `sent` tells whether the call may have reached the phone: a tap that was sent and got
    no answer may have happened, and is never sent again.
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
        """The phone's own serial (ro.serialno)."""

    def look(self) -> Screen:
        """The whole screen, from one hierarchy dump."""

    def texts(self, resource_id: str) -> list[Shown]:
        """The nodes of one id as they are now, in one call, their texts whole, as no dump has them."""

    def tap(self, node: Node) -> None:
        """Tap the middle of a node. Never sent twice."""

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        """Drag a finger from start to end (pixels). Never sent twice."""

    def set_text(self, node: Node, text: str) -> None:
        """Replace the text of an input field."""

    def press(self, key: Key) -> None:
        """Press a key. Never sent twice."""

    def screenshot(self) -> bytes:
        """The picture of the screen as JPEG bytes, not decoded."""

    def start_app(self, package: str) -> None:
        """Bring the app to the foreground from its first page."""

    def stop_app(self, package: str) -> None:
        """Force-stop the app."""
