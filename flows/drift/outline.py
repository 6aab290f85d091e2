"""A screen of the app in lines, for people who compare the one before an update with the one after it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flows.screen import Node, Screen

MOST_LINES, LONGEST = 80, 28


def outline(screen: Screen, package: str, marked: Collection[str] = (), told: Callable[[str], str] = str) -> list[str]:
    """Returns one line for each node of the app that has an id or a text. Lines of `marked` ids begin with a star.

    `told` says how a text is shown.
    """
    lines: list[str] = []
    waiting = [(root, 0) for root in reversed(screen.roots)]
    while waiting and len(lines) < MOST_LINES:
        node, depth = waiting.pop()
        shown = node.package == package and bool(node.resource_id or node.text or node.desc)
        if shown:
            lines.append(_line(node, depth, "*" if node.resource_id in marked else " ", told(node.text or node.desc)))
        waiting.extend((child, depth + shown) for child in reversed(node.children))
    return lines


def _line(node: Node, depth: int, mark: str, told: str) -> str:
    name = node.resource_id.rpartition("/")[2]
    text = " ".join(told.split())
    words = [node.cls.rpartition(".")[2], name and f"#{name}", text and f"“{text[:LONGEST]}”"]
    return f"{mark}{' ' * depth}{' '.join(one for one in words if one)}"
