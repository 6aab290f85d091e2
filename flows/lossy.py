"""What a hierarchy dump leaves of a text, and whether what it left may stand for another.

uiautomator2's jar writes a `.` for every UTF-16 unit that XML 1.0 forbids or discourages, and takes
both surrogates of a character above U+FFFF for such units: an emoji comes as `..`, a family of four
as `..` seven times over with its joiners between. (`stripInvalidXMLChars` in the jar's
AccessibilityNodeInfoDumper; a test runs its bytecode.) Answers in JSON hold texts whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flows.screen import Bounds, Node, Screen

MARK = ".."  # what a dump holds where a character above U+FFFF was, or where two dots are

_STRIPPED = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe\uffff"
_UNIT = re.compile(f"[{_STRIPPED}]")
_PAIR = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as the phone tells it in JSON: its text whole, and the bounds by which a dump may know it."""

    text: str
    places: frozenset[Bounds]


def dumped(text: str) -> str:
    """What a dump writes for a text.

    >>> dumped("太棒了😀")
    '太棒了..'
    """
    return _PAIR.sub(MARK, _UNIT.sub(".", text))


def cleaned(text: str) -> str:
    """A whole text without what no text needs: control characters and halves of emoji are dots here as in a dump."""
    return _UNIT.sub(".", text)


def storable(text: str) -> bool:
    """Can a text be read back from a phone as it is?"""
    return _UNIT.search(text) is None


def holds(shown: str, part: str) -> bool:
    """Does a text, as a dump shows it, hold this part?"""
    return part in shown or dumped(part) in shown


def may_be(node: Node, text: str) -> bool:
    """Could the node's text be this one? Certain once the node is read, or shows no MARK."""
    return node.text == text or (node.unclear and dumped(text) == node.text)


def match(screen: Screen, wanted: Collection[Node], shown: Iterable[Shown]) -> list[tuple[Node, str]] | None:
    """The unclear nodes among those of one id, each with its whole text; None when the answer is of another screen.

    A node is matched by its bounds and by what a dump leaves of its text. A node at its old place with
    another text tells as well that the screen moved; one that is not in the answer does so if it is `wanted`.
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
