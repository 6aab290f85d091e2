"""The pages of a recorded flow: each is made of a name of the profile and the parts that its steps read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from flows.failures import FlowFailure
from flows.pages.lists import Cut
from flows.pages.text_rows import TextList, TextRow
from flows.recorded.plan import Back, Find, Open, Plan, Read, ReadList, Swipe, Tap, Type
from flows.screen import Node


class RecordedPage(TextList[TextRow]):
    """A page; it has a list if the profile names the parts list and row."""

    noun = "rows"
    listed: ClassVar[Sequence[str]] = ()  # the parts of a row that are read

    def part(self, part: str, within: Node | None = None) -> Node | None:
        """As `Page.part`. A part that the profile does not name is not there: a recording needs no end of a list."""
        return super().part(part, within) if self.knows(part) else None

    def filled(self) -> tuple[Self, bool]:
        """Waits for the list as `loaded`. Returns the page, and whether the list has rows.

        A recording knows no end of a list. It has none where it stays empty for as long as a list may load, and
        nothing says that it still loads or did not load. Raises FlowFailure('list_not_loaded').
        """
        try:
            return self.loaded(), True
        except FlowFailure as failure:
            there = self.app.see(type(self))
            area = there.part("list")
            late = there.loading or there.part("retry") is not None
            if failure.code != "list_not_loaded" or area is None or late or area.all(there.id("row")):
                raise
            return there, False

    def read_row(self, node: Node, cut: Cut) -> TextRow:
        return self.text_row(node, cut, self.listed, may_lack=True)


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
