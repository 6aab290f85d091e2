"""Titles in lists, which apps cut with an ellipsis, and the row to tap."""

from __future__ import annotations

from collections.abc import Iterable

from flows.lossy import dumped, may_be
from flows.pages.lists import ListRow
from flows.screen import Node
from flows.stitch import agree

CUT = "…"


def may_be_cut(shown: Node, title: str) -> bool:
    """Returns whether a list's title, which the app may have cut, may be this full one."""
    full = dumped(title) if shown.unclear else title
    return may_be(shown, title) or (shown.text.endswith(CUT) and full.startswith(shown.text.removesuffix(CUT)))


def place_of(row: ListRow, rows: Iterable[ListRow]) -> Node:
    """Returns the node of a row among those of a new look; of several alike, the nearest one."""
    same = [other.node for other in rows if agree(other.parts, row.parts)]
    return min(same or [row.node], key=lambda node: abs(node.bounds[1] - row.node.bounds[1]))
