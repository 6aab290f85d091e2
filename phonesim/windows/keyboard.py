"""The on-screen keyboard: the window of the input method, and what a finger does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from phonesim.node import Bounds, Node

HEIGHT = 900  # pixels; 340 dp at 420 dpi, as common keyboards have it
MOST = 0.45  # of the screen's height, on its side
STRIP = 120  # what AdbKeyboard shows: a line of text without keys
CANDIDATES = 110
FOOT = 63  # beside the navigation bar
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm⌫", "，␣。↵")
WORDS = {"⌫": "删除", "␣": "空格", "↵": "回车"}
DELETE, ENTER, SPACE = "⌫", "↵", "␣"
DEFAULT_IME = "com.android.inputmethod.latin/.LatinIME"
ADB_KEYBOARD = "com.github.uiautomator/.AdbKeyboard"
CANDIDATE_WORDS = ("你好", "我", "不", "的")

FRAME, LINEAR, LABEL = "android.widget.FrameLayout", "android.widget.LinearLayout", "android.widget.TextView"


class Typing(Protocol):
    """Where one can type: a page, and whether a field of it has the focus."""

    @property
    def focused(self) -> bool: ...


@dataclass(slots=True)
class Keyboard:
    """The keyboard of one phone: whether it is open, and what it shows then.

    `ime` tells the input method in use as `PACKAGE/CLASS`; `candidates` are the words that it proposes.
    `forced`: an app asked for it without a field, as SHOW_FORCED does; it stays until somebody closes it.
    """

    ime: Callable[[], str] = lambda: DEFAULT_IME
    candidates: Sequence[str] = CANDIDATE_WORDS
    forced: bool = False
    _typing: Typing | None = None

    def open_on(self, page: Typing) -> None:
        """A field of the page took the focus by a finger."""
        self._typing = page

    def close(self) -> None:
        """Down, whoever asked for it; a field keeps its focus."""
        self.forced, self._typing = False, None

    def is_open_on(self, page: Typing) -> bool:
        """Does it show over this page? One that lost the focus, or is another page, closed it."""
        return self.forced or (self._typing is page and page.focused)

    @property
    def package(self) -> str:
        """The input method's package."""
        return self.ime().partition("/")[0]

    @property
    def keys(self) -> bool:
        """False for an input method that shows a line of text alone."""
        return self.ime() != ADB_KEYBOARD

    def height(self, of: int) -> int:
        """How much of a screen of this height it covers, in pixels."""
        return min(HEIGHT, round(of * MOST)) if self.keys else STRIP

    def window(self, width: int, height: int) -> Node:
        """The window's root, as InputMethodService lays it out: higher than what the keyboard covers."""
        whole, area = (0, FOOT, width, height), (0, height - self.height(height), width, height)
        shown = self._keys(area) if self.keys else self._strip(area)
        inner = self._node(FRAME, "android:id/inputArea", whole, children=shown)
        panel = self._node(LINEAR, "android:id/parentPanel", whole, children=[inner])
        return self._node(FRAME, "", whole, children=[panel])

    def pressed(self, width: int, height: int, x: int, y: int) -> str | None:
        """What lies under a finger: a key's sign or a candidate's words; "" between them, None beside the keyboard."""
        if y < height - self.height(height):
            return None
        for node in self.window(width, height).walk():
            left, top, right, bottom = node.bounds
            if node.clickable and left <= x < right and top <= y < bottom:
                return node.text or next((sign for sign, word in WORDS.items() if word == node.desc), node.desc)
        return ""

    def _strip(self, area: Bounds) -> list[Node]:
        holder = self._node(FRAME, f"{self.package}:id/keyboard_holder", area)
        holder.children.append(self._node(LABEL, "", area, text="ADB Keyboard {ON}"))
        return [holder]

    def _keys(self, area: Bounds) -> list[Node]:
        left, top, right, bottom = area
        holder = self._node(FRAME, f"{self.package}:id/keyboard_holder", area)
        strip = top + round((bottom - top) * CANDIDATES / HEIGHT)
        words = self._node(LINEAR, f"{self.package}:id/candidates", (left, top, right, strip))
        step = (right - left) // max(1, len(self.candidates))
        for place, word in enumerate(self.candidates):
            box = (left + place * step, top, left + (place + 1) * step, strip)
            words.children.append(self._node(LABEL, f"{self.package}:id/candidate", box, text=word, clickable=True))
        holder.children.append(words)
        foot = bottom - FOOT
        for sign, at, bounds in _grid((left, strip, right, foot)):
            key = self._node(FRAME, f"{self.package}:id/key_pos_{at}", bounds, clickable=True)
            key.desc = WORDS.get(sign, sign)
            holder.children.append(key)
        return [holder]

    def _node(
        self,
        cls: str,
        resource_id: str,
        bounds: Bounds,
        *,
        text: str = "",
        clickable: bool = False,
        children: list[Node] | None = None,
    ) -> Node:
        return Node(cls, bounds, resource_id, text, "", self.package, clickable, children=children or [])


def _grid(area: Bounds) -> Iterator[tuple[str, str, Bounds]]:
    """Each key with its place and its bounds."""
    left, top, right, bottom = area
    high = (bottom - top) // len(ROWS)
    for down, row in enumerate(ROWS):
        wide = (right - left) // len(row)
        for along, sign in enumerate(row):
            box = (left + along * wide, top + down * high, left + (along + 1) * wide, top + (down + 1) * high)
            yield sign, f"{down}_{along}", box
