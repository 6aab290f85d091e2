"""Finds windows that cover the app: the keyboard, the system's bars, another app's window.

A dump contains the root of each window. Texts of other packages' windows are never read as the page's, and nodes below
such a window are not tapped where it would get the tap.
"""

from __future__ import annotations

from collections.abc import Collection

from flows.screen import Bounds, Node, Screen

INPUT_AREAS = ("android:id/inputArea", "android:id/candidatesArea")  # of InputMethodService's own layout
LARGE = 2 / 3  # of the screen; windows of keyboards and bars are larger than the area that takes taps


def keyboard(screen: Screen) -> Node | None:
    """Returns the window of the on-screen keyboard, if it is open."""
    for root in screen.roots:
        if any(node.resource_id in INPUT_AREAS for node in root.walk()):
            return root
    return None


def cover(screen: Screen, node: Node, own: Collection[str]) -> str:
    """Returns the package of the window over the middle of a node; empty when a window of `own` gets the tap there.

    `own`: the packages of the app and of the system's dialogs, which are on top of all others.
    """
    if not node.has_place:
        return ""
    x, y = node.center
    keys = keyboard(screen)
    for root in screen.roots:
        if root.package in own:
            continue
        taken = _taken(screen, root)
        if root is keys and taken:  # the area between and below the keys belongs to the keyboard as well
            taken = [(root.bounds[0], min(top for _, top, _, _ in taken), root.bounds[2], root.bounds[3])]
        if any(left <= x < right and top <= y < bottom for left, top, right, bottom in taken):
            return root.package
    return ""


def _taken(screen: Screen, root: Node) -> list[Bounds]:
    """Returns the areas of a window that show something or take taps."""
    width, height = screen.size
    most = LARGE * width * height
    parts = (node for node in root.walk() if node.has_place and (node.text or node.desc or node.clickable))
    return [node.bounds for node in parts if _area(node.bounds) < most]


def _area(bounds: Bounds) -> int:
    left, top, right, bottom = bounds
    return (right - left) * (bottom - top)
