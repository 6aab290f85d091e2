"""What lies over an app on the screen: the keyboard, the system's bars, another app's window.

A dump holds the root of each window. Those of other packages are never read for a page's words; where
they take fingers, no node of the app is touched.
"""

from __future__ import annotations

from collections.abc import Collection

from flows.screen import Bounds, Node, Screen

INPUT_AREAS = ("android:id/inputArea", "android:id/candidatesArea")  # of InputMethodService's own layout
LARGE = 2 / 3  # of the screen; windows of keyboards and bars span more than they take


def keyboard(screen: Screen) -> Node | None:
    """The window of the on-screen keyboard, when it is open."""
    for root in screen.roots:
        if any(node.resource_id in INPUT_AREAS for node in root.walk()):
            return root
    return None


def cover(screen: Screen, node: Node, own: Collection[str]) -> str:
    """The package of what lies over the middle of a node; empty when a window of its own packages takes a finger there.

    `own`: the packages of the app and of the system's dialogs, which lie on top of all.
    """
    if not node.has_place:
        return ""
    x, y = node.center
    keys = keyboard(screen)
    for root in screen.roots:
        if root.package in own:
            continue
        taken = _taken(screen, root)
        if root is keys and taken:  # what lies between and below its keys is the keyboard's as well
            taken = [(root.bounds[0], min(top for _, top, _, _ in taken), root.bounds[2], root.bounds[3])]
        if any(left <= x < right and top <= y < bottom for left, top, right, bottom in taken):
            return root.package
    return ""


def _taken(screen: Screen, root: Node) -> list[Bounds]:
    """Where a window holds something that tells or takes anything."""
    width, height = screen.size
    most = LARGE * width * height
    parts = (node for node in root.walk() if node.has_place and (node.text or node.desc or node.clickable))
    return [node.bounds for node in parts if _area(node.bounds) < most]


def _area(bounds: Bounds) -> int:
    left, top, right, bottom = bounds
    return (right - left) * (bottom - top)
