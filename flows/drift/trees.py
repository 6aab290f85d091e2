"""Both trees of each page that a patch changes, before the update and now: what a person compares. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from flows.drift.outline import outline
from flows.drift.patch import Patch
from flows.drift.propose import Screens
from flows.drift.traits import shape_of
from flows.screen import Screen

MOST_PAGES = 20
LONGEST_LINE = 160


class PageTrees(BaseModel):
    """The lines of a page before an update, and now. Lines of ids that changed begin with a star."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: tuple[str, ...]
    now: tuple[str, ...]


def page_trees(
    package: str, patch: Patch, recorded: Screens, seen: Screens, *, only_labels: bool = False
) -> dict[str, PageTrees]:
    """Returns the trees of the pages on which the patch changes or misses something, by page.

    `only_labels`: shows a text only if all recorded screens of its page have it outside a list, and of any other its
    form, so that what is kept names no person.
    """
    lost = [(one.page, one.old) for one in patch.changes] + [(one.page, one.old) for one in patch.unmended]
    pages = sorted({page for page, _ in lost} & seen.keys() & recorded.keys())[:MOST_PAGES]
    trees = {}
    for page in pages:
        old = {name for where, name in lost if where == page}
        new = {one.new for one in patch.changes if one.page == page}
        labels = _labels(recorded[page]) if only_labels else None
        trees[page] = PageTrees(
            before=_lines(recorded[page][0], package, old, labels),
            now=_lines(seen[page][-1], package, new, labels),
        )
    return trees


def stored_trees(package: str, patch: Patch, recorded: Screens, seen: Screens) -> Mapping[str, object]:
    """Returns the trees as the ledger keeps them: of texts no more than labels and forms."""
    return {
        page: one.model_dump(mode="json")
        for page, one in page_trees(package, patch, recorded, seen, only_labels=True).items()
    }


def _labels(screens: Sequence[Screen]) -> frozenset[str]:
    """Returns the texts that do not change from screen to screen; of a single screen nobody can tell which do."""
    if len(screens) < 2:
        return frozenset()
    return frozenset.intersection(*(frozenset(_texts(one)) for one in screens))


def _texts(screen: Screen) -> list[str]:
    """Returns the texts that stand outside lists: what a row says is content, even where two screens show it."""
    found: list[str] = []
    waiting = [*screen.roots]
    while waiting:
        node = waiting.pop()
        found.append(node.text or node.desc)
        waiting.extend(() if node.scrollable else node.children)
    return found


def _lines(screen: Screen, package: str, marked: set[str], labels: frozenset[str] | None) -> tuple[str, ...]:
    def told(text: str) -> str:
        return text if labels is None or text in labels else shape_of(text)

    return tuple(line[:LONGEST_LINE] for line in outline(screen, package, marked, told))
