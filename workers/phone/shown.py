"""Reads what the UI server tells of a node in JSON. Pure; every answer is hostile."""

from __future__ import annotations

from flows.lossy import Shown
from flows.screen import Bounds

_EDGES = ("left", "top", "right", "bottom")


def read_shown(info: object) -> Shown | None:
    """A node from one entry of `objInfoOfAllInstances`; None for one that went before its turn came, or that is none.

    A node's `bounds` are its own, its `visibleBounds` what its list and the display leave of them: a dump may
    know it by either.
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
