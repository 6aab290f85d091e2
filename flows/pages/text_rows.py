"""Lists whose rows are known by the texts of some parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flows.pages.lists import Cut, ListPage, late, name_text
from flows.screen import Node
from flows.stitch import Parts, agree


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row of a list: its texts, and its place on the screen."""

    parts: Parts  # None for a text that the list's edge cut off
    texts: list[Node]
    late: bool
    whole: bool
    node: Node
    top: int | None
    bottom: int | None


T = TypeVar("T", bound=TextRow)


class TextList(ListPage[T], Generic[T]):
    """A page with such a list."""

    def alike(self, row: T) -> Node:
        """Returns the node of this row on the page as it is now: the one that says the same, nearest to its place."""
        same = [other.node for other in self.rows() if agree(other.parts, row.parts)]
        return min(same or [row.node], key=lambda node: abs(node.bounds[1] - row.node.bounds[1]))

    def text_row(self, node: Node, cut: Cut, names: Sequence[str], *, may_lack: bool = False) -> TextRow:
        """Returns the row with the texts of these parts. `may_lack`: a row that no edge cuts off may lack some."""
        found = [self.part(name, node) for name in names]
        inside = may_lack and not cut.above and not cut.below
        return TextRow(
            parts=tuple(name_text(one, empty=inside) for one in found),
            texts=[one for one in found if one is not None],
            late=any(late(one) for one in found),
            whole=inside or (None not in found and not cut.below),  # the first row touches the upper edge and is whole
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )
