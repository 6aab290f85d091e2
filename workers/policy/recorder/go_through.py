"""Goes through a recording again: the walk of the terminal, over the screens that the phone gave up to now.

The console keeps what a person said, line by line, and what the phone showed after each touch. The same walk makes the
same of it each time, up to the first line that nobody said yet, or the first touch that the phone did not do yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flows.lossy import Shown
from flows.phone import Key
from flows.screen import Node, Screen
from workers.policy.recorder.touch import Touch
from workers.policy.recorder.typed_steps import TypedSteps
from workers.policy.recorder.walk import WHICH, walk
from workers.policy.recorder.walked import Walked


@dataclass(frozen=True, slots=True)
class Answer:
    """What the phone showed after a touch: the screen, and its picture, which only files need."""

    screen: Screen
    picture: bytes = b""


@dataclass(slots=True)
class Reached:
    """How far a recording is. `page`: where the person is; empty while they are asked which page it is.

    `shown`: the number of the answer that they look at, from 0. `told`: what their last line was answered.
    `owed`: the touch that comes next. `over`: they ended it.
    """

    walked: Walked
    page: str = ""
    screen: Screen | None = None
    elements: Sequence[Node] = ()
    question: str = ""
    told: list[str] = field(default_factory=list)
    shown: int = -1
    owed: Touch | None = None
    over: bool = False


class _Waits(Exception):
    """The person said nothing further."""


class _Owes(Exception):
    """The phone did not do this yet."""

    def __init__(self, touch: Touch) -> None:
        super().__init__(touch.do)
        self.touch = touch


class _SeenPhone:
    """A phone that shows what was seen after each touch, in the order of the touches."""

    serial = ""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        self._anew = False
        self._looked_at = -1
        self.at = -1

    def _touched(self, touch: Touch) -> None:
        if self.at + 1 >= len(self._answers):
            raise _Owes(touch)
        self.at += 1

    def look(self) -> Screen:
        if self._looked_at == self.at:
            self._touched(Touch(do="look"))
        self._looked_at = self.at
        return self._answers[self.at].screen

    def screenshot(self) -> bytes:
        return self._answers[self.at].picture

    def texts(self, resource_id: str) -> list[Shown]:
        return [Shown(one.text, frozenset({one.bounds})) for one in self._answers[self.at].screen.all(resource_id)]

    def tap(self, node: Node) -> None:
        self._touched(Touch.on("tap", node))

    def set_text(self, node: Node, text: str) -> None:
        self._touched(Touch.on("type", node, text))

    def swipe(self, start: tuple[int, int], end: tuple[int, int], seconds: float) -> None:
        self._touched(Touch(do="swipe", begin=start, end=end, seconds=seconds))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        raise NotImplementedError("a person who records swipes, and walks down no list")

    def press(self, key: Key) -> None:
        self._touched(Touch(do="press", key=key))

    def start_app(self, package: str) -> None:
        self._touched(Touch(do="start", package=package, anew=self._anew))

    def stop_app(self, package: str) -> None:
        self._anew = True


def go_through(package: str, version: str, lines: Sequence[str], answers: Sequence[Answer], *, flow: bool) -> Reached:
    """Returns how far the recording is. `flow`: the steps of a flow are recorded, not only a profile."""
    phone = _SeenPhone(answers)
    reached = Reached(Walked(package, version, typed=TypedSteps() if flow else None))
    said: Iterator[str] = iter(lines)

    def ask(words: str) -> str:
        reached.question = words
        if words == WHICH:
            reached.page, reached.elements, reached.shown = "", (), phone.at
        line = next(said, None)
        if line is None:
            raise _Waits
        reached.told.clear()
        return line

    def show(page: str, screen: Screen, elements: Sequence[Node]) -> None:
        reached.page, reached.screen, reached.elements, reached.shown = page, screen, elements, phone.at

    try:
        walk(phone, reached.walked, ask, reached.told.append, show)
        reached.over = True
    except _Waits:
        pass
    except _Owes as owes:
        reached.owed = owes.touch
    return reached
