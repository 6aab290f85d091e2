"""Parses the UI server's JSON of a node. Pure; every answer is treated as hostile."""

from __future__ import annotations

from flows.lossy import Shown
from flows.screen import Bounds

_EDGES = ("left", "top", "right", "bottom")


def read_shown(info: object) -> Shown | None:
    """Parses one entry of `objInfoOfAllInstances`; None for a node that disappeared meanwhile, or an invalid entry.

    A node's `visibleBounds` are the part of its `bounds` inside its list and the display: a dump may have either.
    """
    if not isinstance(info, dict) or not isinstance(info.get("text"), str):
        return None
    places = (_bounds(info.get(name)) for name in ("bounds", "visibleBounds"))
    return Shown(info["text"], frozenset(place for place in places if place is not None))


def _bounds(rect: object) -> Bounds | None:
    edges = [rect.get(edge) for edge in _EDGES] if isinstance(rect, dict) else []
    left, top, right, bottom = edges or [None] * 4
    if isinstance(left, int) and isinstance(top, int) and isinstance(right, int) and isinstance(bottom, int):
        return left, top, right, bottom
    return None
