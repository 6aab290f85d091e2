"""All windows of a screen, in the order in which they lie and in that of a dump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from phonesim.node import Node


@dataclass(frozen=True, slots=True)
class Windows:
    """`front` has the focus; `over` lie over it, the topmost first, as the UI server lists them."""

    front: Node
    over: tuple[Node, ...]

    def picture(self) -> Node:
        """One tree in drawing order, for whoever paints the screen."""
        return replace(self.front, children=[self.front, *reversed(self.over)])


def stack(front: Node, keyboard: Node | None, bars: Sequence[Node]) -> Windows:
    """The windows over an app's: its keyboard, the system's bars over that, and its dialogs on top of all.

    A dialog of the system comes as a child of another package below `front`.
    """
    dialogs = [child for child in front.children if child.package != front.package]
    own = [child for child in front.children if child.package == front.package]
    over = [*dialogs, *bars, *([keyboard] if keyboard else [])]
    return Windows(replace(front, children=own), tuple(over))
