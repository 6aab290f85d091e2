"""A phone made of paper: a list app drawn from rows, for what the simulated app never does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from xml.sax.saxutils import quoteattr

from flows.lossy import Shown
from flows.phone import Key
from flows.screen import Node, Screen

PACKAGE = "com.phonefleet.practice"
TOP, BOTTOM = 400, 2000
_EMOJI = re.compile("[\U00010000-\U0010ffff]")
STICKER = "sticker"  # the text of a row that shows a picture instead


def node(name: str, text: str, bounds: tuple[int, int, int, int], inner: str = "") -> str:
    """A node of a dump."""
    left, top, right, bottom = bounds
    return (
        f'<node resource-id="{PACKAGE}:id/{name}" text={quoteattr(text)} package="{PACKAGE}" enabled="true" '
        f'bounds="[{left},{top}][{right},{bottom}]">{inner}</node>'
    )


class PaperList:
    """The comment panel over rows of given heights. `on_swipe` may change what a swipe does."""

    serial = "PAPER"

    def __init__(
        self, rows: Sequence[tuple[str, str, int]], on_swipe: Callable[[int], int] = lambda way: way, glide: int = 0
    ) -> None:
        """`rows`: commenter, text and height in pixels; one whose text is "sticker" shows none.

        `on_swipe` turns the finger's way into the list's; `glide` looks after a swipe the list stands still.
        """
        self.rows = list(rows)
        self.offset = 0
        self.time = "刚刚"
        self.glide = glide
        self._moves: list[int] = []  # still to come, a look each
        self.looks = self.swipes = 0
        self.state = "rows"
        self.taps: list[str] = []
        self.reads: list[str] = []  # ids whose texts were read whole
        self._on_swipe = on_swipe

    def look(self) -> Screen:
        self.looks += 1
        if self._moves:
            self._move(self._moves.pop(0))
        return Screen.parse(_EMOJI.sub("..", self._dump()))

    def texts(self, resource_id: str) -> list[Shown]:
        self.reads.append(resource_id.rpartition("/")[2])
        if self._moves:
            self._move(self._moves.pop(0))
        nodes = Screen.parse(self._dump()).all(resource_id)
        return [Shown(node.text, frozenset({node.bounds})) for node in nodes]

    def _dump(self) -> str:
        inner = node("comments_close", "", (0, 0, 10, 10)) + node("comment_input", "", (0, 2100, 900, 2200))
        inner += node("video_author_id", "视频号ID：author", (40, 340, 700, 366))
        inner += node("video_title", "title", (40, 368, 700, 394))
        if self.state != "rows":
            inner += node(self.state, "", (0, TOP, 1080, TOP + 100))
        inner += node("comment_list", "", (0, TOP, 1080, BOTTOM), self._draw() if self.state == "rows" else "")
        return f"<hierarchy>{node('page_comments', '', (0, 0, 1080, 2400), inner)}</hierarchy>"

    def tap(self, node: Node) -> None:
        self.taps.append(node.resource_id.rpartition("/")[2])

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        assert TOP <= start[1] <= BOTTOM
        assert TOP <= end[1] <= BOTTOM
        self.swipes += 1
        way = start[1] - end[1]
        moved = self._on_swipe(way)
        self._moves = []  # a finger on the list stops it
        if self.glide and abs(moved) > abs(way):
            rest = moved - way
            self._moves = [rest // self.glide] * (self.glide - 1)
            self._moves.append(rest - sum(self._moves))
            moved = way
        self._move(moved)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Runs on as after a swipe: no app has to stop with the finger."""
        self.swipe(start, end, 0)

    def _move(self, way: int) -> None:
        height = sum(height for *_, height in self.rows) + 100
        most = max(0, height - (BOTTOM - TOP))
        self.offset = min(max(0, self.offset + way), most)

    def set_text(self, node: Node, text: str) -> None:
        raise NotImplementedError

    def press(self, key: Key) -> None:
        raise NotImplementedError

    def screenshot(self) -> bytes:
        raise NotImplementedError

    def start_app(self, package: str) -> None:
        raise NotImplementedError

    def stop_app(self, package: str) -> None:
        raise NotImplementedError

    def _draw(self) -> str:
        drawn, top = "", TOP - self.offset
        for commenter, text, height in self.rows:
            parts = (
                ("comment_author", commenter, (100, top + 10, 900, top + 50)),
                ("comment_like", "", (950, top + 10, 1050, top + 60)),
                ("comment_text", text, (100, top + 50, 900, top + height - 60)),
                ("comment_time", self.time, (100, top + height - 60, 300, top + height - 20)),
                ("comment_reply", "回复", (400, top + height - 60, 600, top + height - 20)),
            )
            row = "".join(self._clip(name, words, bounds) for name, words, bounds in parts if words != STICKER)
            drawn += self._clip("comment_item", "", (0, top, 1080, top + height), row)
            top += height
        return drawn + self._clip("list_end", "没有更多了", (0, top, 1080, top + 100))

    @staticmethod
    def _clip(name: str, text: str, bounds: tuple[int, int, int, int], inner: str = "") -> str:
        left, top, right, bottom = bounds[0], max(bounds[1], TOP), bounds[2], min(bounds[3], BOTTOM)
        return node(name, text, (left, top, right, bottom), inner) if top < bottom else ""
