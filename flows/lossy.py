"""Compares texts with the lossy form that a hierarchy dump has of them.

uiautomator2's jar writes a `.` for every UTF-16 unit that XML 1.0 forbids or discourages, and counts both surrogates
of a character above U+FFFF among them: an emoji appears as `..`, a family of four as four times `..` with its joiners
between. (`stripInvalidXMLChars` in the jar's AccessibilityNodeInfoDumper; a test runs its bytecode.) Answers in JSON
have the whole texts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the planting commands check texts here, and read no screen
    from flows.screen import Bounds, Node, Screen

MARK = ".."  # a dump's form of a character above U+FFFF, or of two dots

_STRIPPED = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe\uffff"
_UNIT = re.compile(f"[{_STRIPPED}]")
_PAIR = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as the phone returns it in JSON: its whole text, and its bounds, by which it is found in a dump."""

    text: str
    places: frozenset[Bounds]


def dumped(text: str) -> str:
    """Returns the form of a text in a dump.

    >>> dumped("太棒了😀")
    '太棒了..'
    """
    return _PAIR.sub(MARK, _UNIT.sub(".", text))


def cleaned(text: str) -> str:
    """Returns a whole text with control characters and halves of emoji as dots, as in a dump."""
    return _UNIT.sub(".", text)


def storable(text: str) -> bool:
    """Returns whether a text can be read back from a phone unchanged."""
    return _UNIT.search(text) is None


def holds(shown: str, part: str) -> bool:
    """Returns whether a text, in a dump's form, contains this part."""
    return part in shown or dumped(part) in shown


def may_be(node: Node, text: str) -> bool:
    """Returns whether the node's text may be this one. Certain for a node that was read, or that has no MARK."""
    return node.text == text or (node.unclear and dumped(text) == node.text)


def match(screen: Screen, wanted: Collection[Node], shown: Iterable[Shown]) -> list[tuple[Node, str]] | None:
    """Returns the unclear nodes among those of one id with their whole texts; None for an answer of another screen.

    A node is matched by its bounds and its text in a dump's form. The screen has moved if a node has another text at
    its old place, or if a `wanted` node is not in the answer.
    """
    by_place: dict[Bounds, set[str]] = {}
    for each in shown:
        for place in each.places:
            by_place.setdefault(place, set()).add(each.text)
    found: list[tuple[Node, str]] = []
    wanted = frozenset(wanted)
    for resource_id in {node.resource_id for node in wanted}:
        for node in screen.all(resource_id):
            there = by_place.get(node.bounds, set())
            fitting = {cleaned(text) for text in there if node.dump_text in (text, dumped(text))}
            if (there and not fitting) or (node in wanted and len(fitting) != 1):
                return None
            if node.unclear and len(fitting) == 1:
                found.append((node, fitting.pop()))
    return found
