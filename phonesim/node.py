"""What a simulated screen is made of: the nodes of a UI hierarchy, and the app that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

Bounds = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(slots=True)
class Node:
    """One UI element, with the attributes that Android's hierarchy dump writes."""

    cls: str
    bounds: Bounds
    resource_id: str = ""
    text: str = ""
    desc: str = ""
    package: str = ""
    clickable: bool = False
    long_clickable: bool = False
    enabled: bool = True
    focusable: bool = False
    focused: bool = False
    selected: bool = False
    checkable: bool = False
    checked: bool = False
    scrollable: bool = False
    password: bool = False
    picture: bytes = b""  # an encoded picture that fills it
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in drawing order."""
        yield self
        for child in self.children:
            yield from child.walk()


def clickable_at(root: Node, x: int, y: int) -> str:
    """The resource id of the topmost clickable node under a pixel, without its package; empty where there is none."""
    hit = ""
    for node in root.walk():
        left, top, right, bottom = node.bounds
        if node.clickable and left <= x < right and top <= y < bottom:
            hit = node.resource_id
    return hit.rpartition("/")[2]


class App(Protocol):
    """What the simulated phone runs. Calls come from one thread at a time."""

    package: str

    @property
    def activity(self) -> str:
        """The activity in the foreground, e.g. '.MainActivity'."""

    def start(self) -> None:
        """Come to the foreground (from the first page if it was not running)."""

    def stop(self) -> None:
        """Force-stop."""

    def render(self, width: int, height: int) -> Node:
        """The screen as it is now: the root node of the hierarchy."""

    def tap(self, x: int, y: int) -> None:
        """A finger taps at a pixel."""

    def long_press(self, x: int, y: int) -> None:
        """A finger rests at a pixel."""

    def swipe(self, x1: int, y1: int, x2: int, y2: int, *, rested: bool = False) -> None:
        """A finger drags from one pixel to another; `rested`: it lay still there before it left."""

    def set_text(self, node: Node, text: str) -> None:
        """Replace the text of an input field of the last render."""

    def key(self, code: int) -> None:
        """An Android key code (4 back, 66 enter)."""
