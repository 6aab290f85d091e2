"""The line at the bottom of a panel where one writes and sends."""

from __future__ import annotations

from collections.abc import Callable

from phonesim.node import Node
from phonesim.practice.frame import BUTTON, GROUP, INPUT, Frame, Touch

HEIGHT = 190


class InputBar:
    """A text field and its send button; the text goes when it was sent."""

    def __init__(self, prefix: str, send: Callable[[str], bool], open_keyboard: Touch) -> None:
        """Ids are `prefix`_input and `prefix`_send. `send` gets the text and says whether it went."""
        self._prefix = prefix
        self._send = send
        self._open_keyboard = open_keyboard
        self._text = ""
        self.focused = False

    def build(self, frame: Frame, root: Node, *, enabled: bool) -> None:
        """`enabled`: may the account write here? What is written already can be tried to send all the same."""
        top = frame.height - HEIGHT
        bar = frame.add(root, GROUP, "", (0, top, 1080, frame.height))
        box, hint = (36, top + 30, 850, top + 140), "说点什么…"
        name = f"{self._prefix}_input"
        field = frame.add(bar, INPUT, name, box, self._text, desc=hint, tap=self._focus, enabled=enabled)
        field.focused = self.focused
        frame.on_edit(field, self._edit)
        box = (880, top + 30, 1044, top + 140)
        ready = bool(self._text.strip())
        frame.add(bar, BUTTON, f"{self._prefix}_send", box, "发送", tap=self._submit, enabled=ready)

    def _focus(self) -> None:
        self.focused = True
        self._open_keyboard()

    def _edit(self, text: str) -> None:
        self._text = text
        self.focused = True

    def _submit(self) -> None:
        if self._send(self._text):
            self._text = ""
            self.focused = False
