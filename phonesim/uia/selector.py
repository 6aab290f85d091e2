"""UiSelector: which nodes of a screen a uiautomator2 selector means.

A selector comes as the dict that uiautomator2 sends: conditions by name, and the lists
`childOrSibling` and `childOrSiblingSelector` that lead on from there, step by step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from phonesim.node import Node


class BadSelector(Exception):
    """The selector names a condition that does not exist, or its pattern does not compile."""


@dataclass(frozen=True, slots=True)
class Found:
    """A node with its place: the parent (None for the root) and the index below it."""

    node: Node
    parent: Node | None
    index: int


def _equals(read: Callable[[Node], Any]) -> Callable[[Any], Callable[[Found], bool]]:
    return lambda wanted: lambda found: bool(read(found.node) == wanted)


def _contains(read: Callable[[Node], str]) -> Callable[[Any], Callable[[Found], bool]]:
    return lambda wanted: lambda found: str(wanted).lower() in read(found.node).lower()


def _starts(read: Callable[[Node], str]) -> Callable[[Any], Callable[[Found], bool]]:
    return lambda wanted: lambda found: read(found.node).lower().startswith(str(wanted).lower())


def _matches(read: Callable[[Node], str]) -> Callable[[Any], Callable[[Found], bool]]:
    def condition(pattern: Any) -> Callable[[Found], bool]:
        try:
            compiled = re.compile(str(pattern), re.DOTALL)
        except re.error as error:
            raise BadSelector(f"java.util.regex.PatternSyntaxException: {error}") from error
        return lambda found: compiled.fullmatch(read(found.node)) is not None

    return condition


def _text(node: Node) -> str:
    return node.text


def _desc(node: Node) -> str:
    return node.desc


CONDITIONS: Mapping[str, Callable[[Any], Callable[[Found], bool]]] = {
    "text": _equals(_text),
    "textContains": _contains(_text),
    "textMatches": _matches(_text),
    "textStartsWith": _starts(_text),
    "className": _equals(lambda node: node.cls),
    "classNameMatches": _matches(lambda node: node.cls),
    "description": _equals(_desc),
    "descriptionContains": _contains(_desc),
    "descriptionMatches": _matches(_desc),
    "descriptionStartsWith": _starts(_desc),
    "checkable": _equals(lambda node: node.checkable),
    "checked": _equals(lambda node: node.checked),
    "clickable": _equals(lambda node: node.clickable),
    "longClickable": _equals(lambda node: node.long_clickable),
    "scrollable": _equals(lambda node: node.scrollable),
    "enabled": _equals(lambda node: node.enabled),
    "focusable": _equals(lambda node: node.focusable),
    "focused": _equals(lambda node: node.focused),
    "selected": _equals(lambda node: node.selected),
    "packageName": _equals(lambda node: node.package),
    "packageNameMatches": _matches(lambda node: node.package),
    "resourceId": _equals(lambda node: node.resource_id),
    "resourceIdMatches": _matches(lambda node: node.resource_id),
    "index": lambda wanted: lambda found: found.index == wanted,
}
_NO_CONDITION = frozenset({"mask", "childOrSibling", "childOrSiblingSelector", "instance"})


def find_all(root: Node, selector: Mapping[str, Any]) -> list[Found]:
    """Every node that the selector means, in drawing order. Raises BadSelector."""
    found = _filter(_walk(root, None, 0), selector)
    steps = zip(selector.get("childOrSibling", ()), selector.get("childOrSiblingSelector", ()), strict=True)
    for direction, step in steps:
        found = _filter(_reach(found, direction), step)
    return found


def _filter(candidates: Iterable[Found], selector: Mapping[str, Any]) -> list[Found]:
    tests = []
    for name, wanted in selector.items():
        if name in _NO_CONDITION:
            continue
        if name not in CONDITIONS:
            raise BadSelector(f"java.lang.IllegalArgumentException: unknown selector field {name}")
        tests.append(CONDITIONS[name](wanted))
    matching = [found for found in candidates if all(test(found) for test in tests)]
    if "instance" in selector:
        instance = int(selector["instance"])
        return matching[instance : instance + 1]
    return matching


def _reach(found: list[Found], direction: str) -> list[Found]:
    """All nodes below the found ones (child), or below their parents (sibling), each once."""
    reached: dict[int, Found] = {}
    for each in found:
        base = each.node if direction == "child" else each.parent
        if base is not None:
            for position, child in enumerate(base.children):
                for below in _walk(child, base, position):
                    reached.setdefault(id(below.node), below)
    return list(reached.values())


def _walk(node: Node, parent: Node | None, index: int) -> Iterable[Found]:
    yield Found(node, parent, index)
    for position, child in enumerate(node.children):
        yield from _walk(child, node, position)


def node_info(node: Node) -> dict[str, Any]:
    """What `objInfo` answers about a node."""
    left, top, right, bottom = node.bounds
    bounds = {"left": left, "top": top, "right": right, "bottom": bottom}
    return {
        "bounds": bounds,
        "visibleBounds": bounds,
        "childCount": len(node.children),
        "className": node.cls,
        "contentDescription": node.desc,
        "packageName": node.package,
        "resourceName": node.resource_id,
        "text": node.text,
        "checkable": node.checkable,
        "checked": node.checked,
        "clickable": node.clickable,
        "enabled": node.enabled,
        "focusable": node.focusable,
        "focused": node.focused,
        "longClickable": node.long_clickable,
        "scrollable": node.scrollable,
        "selected": node.selected,
    }
