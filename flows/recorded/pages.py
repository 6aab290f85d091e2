"""The pages of a recorded flow: each is made of a name of the profile and the parts that its steps read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from flows.pages.lists import Cut, ListPage, late, name_text
from flows.recorded.plan import Back, Find, Open, Plan, Read, ReadList, Swipe, Tap, Type
from flows.screen import Node
from flows.stitch import Parts, agree


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list: the nodes of the parts that are read, and its place on the screen."""

    parts: Parts  # None for a text that the list's edge cut off
    texts: list[Node]
    late: bool
    whole: bool
    node: Node
    top: int | None
    bottom: int | None


class RecordedPage(ListPage[Row]):
    """A page; it has a list if the profile names the parts list and row."""

    noun = "rows"
    listed: ClassVar[Sequence[str]] = ()  # the parts of a row that are read

    def part(self, part: str, within: Node | None = None) -> Node | None:
        """As `Page.part`. A part that the profile does not name is not there: a recording needs no end of a list."""
        return super().part(part, within) if self.knows(part) else None

    def read_row(self, node: Node, cut: Cut) -> Row:
        found = [self.part(name, node) for name in self.listed]
        inside = not cut.above and not cut.below
        return Row(
            parts=tuple(name_text(one, empty=inside) for one in found),
            texts=[one for one in found if one is not None],
            late=any(late(one) for one in found),
            whole=inside or (None not in found and not cut.below),  # the first row touches the upper edge and is whole
            node=node,
            top=cut.top(node),
            bottom=cut.bottom(node),
        )

    def alike(self, row: Row) -> Node:
        """Returns the node of this row on the page as it is now: the one that says the same, nearest to its place."""
        same = [other.node for other in self.rows() if agree(other.parts, row.parts)]
        return min(same or [row.node], key=lambda node: abs(node.bounds[1] - row.node.bounds[1]))


def pages_of(plan: Plan) -> dict[str, type[RecordedPage]]:
    """Returns a class for each page that the steps name, with the parts that they read there."""
    fields: dict[str, dict[str, None]] = {}
    listed: dict[str, dict[str, None]] = {}
    for step in plan.steps:
        if isinstance(step, Open):
            fields.setdefault(step.to, {})
            continue
        fields.setdefault(step.page, {})
        if isinstance(step, Tap | Find | Back):
            fields.setdefault(step.to, {})
        if isinstance(step, Read):
            fields[step.page].update(dict.fromkeys(one.part for one in step.columns.values()))
        if isinstance(step, ReadList):
            listed.setdefault(step.page, {}).update(dict.fromkeys(one.part for one in step.columns.values()))
        if isinstance(step, Find):
            listed.setdefault(step.page, {})[step.part] = None
        if isinstance(step, Type | Swipe):
            continue
    return {
        page: type("Recorded", (RecordedPage,), {"name": page, "fields": (*parts,), "listed": (*listed.get(page, ()),)})
        for page, parts in fields.items()
    }
