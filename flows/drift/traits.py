"""What a node of a screen looks like, apart from its id: how a person would find it again after an update."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from flows.screen import Node, Screen

MOST_KEPT = 256
MOST_READ, MOST_SHAPE = 200, 24  # characters of a text that are looked at, and of its shape
LONG = 8  # ideographs in a row from which a text counts as long
_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)*[万亿wWkK+]*")
_LATIN = re.compile(r"[A-Za-z_]+")
_HAN = re.compile(r"[㐀-鿿]+")
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_ROOT = ("", "")

Place = tuple[float, float, float, float]  # left, top, right, bottom in widths of the screen


@dataclass(frozen=True, slots=True)
class Trait:
    """One node: its kind, its text's shape, its place, and what is around it.

    `selector` finds it: its id, of which `words` are the parts. `place` is on the screen or, in a
    list, from the top of its item.
    `inside`: classes and shapes below it; `before` and `after`: of its neighbours that show something.
    """

    selector: str
    words: frozenset[str]
    cls: str
    clickable: bool
    scrollable: bool
    shape: str
    word: str
    desc: str
    place: Place
    listed: bool
    item: bool
    inside: frozenset[tuple[str, str]]
    before: tuple[str, str]
    after: tuple[str, str]


@lru_cache(maxsize=MOST_KEPT)  # of screens: the same recorded ones are compared again and again
def traits_of(screen: Screen, package: str) -> dict[str, list[Trait]]:
    """Returns the traits of the nodes that have an id of the app, by id."""
    found: dict[str, list[Trait]] = {}
    width = max(screen.size[0], 1)
    shown = [node for root in screen.roots for node in root.walk() if node.package == package and _shows(node)]
    order = {id(node): place for place, node in enumerate(shown)}
    for node, item in _walk(screen, package):
        if node.resource_id.startswith(f"{package}:"):  # Android's own ids stay as they are
            around = _around(node, shown, order)
            found.setdefault(node.resource_id, []).append(_trait(node, item, width, around))
    return found


@lru_cache(maxsize=4 * MOST_KEPT)
def tokens(resource_id: str) -> frozenset[str]:
    """Returns the words of an id's name: comment_list and commentList have the same."""
    return frozenset(one.lower() for one in _TOKENS.findall(resource_id.rpartition("/")[2]))


def shape_of(text: str) -> str:
    """Returns a text's form without its content.

    >>> shape_of("阅读 1.2万"), shape_of("2025-06-15"), shape_of("微信号：gh_04ab")
    ('h 0', '0-0-0', 'h：a0a')
    """
    short = _LATIN.sub("a", _DIGITS.sub("0", text[:MOST_READ]))
    return _HAN.sub(lambda run: "H" if len(run[0]) >= LONG else "h", short)[:MOST_SHAPE]


def _walk(screen: Screen, package: str) -> Iterator[tuple[Node, Node | None]]:
    """Yields the app's nodes, each with the item of a list that it is or lies in: the child of what scrolls."""
    waiting: list[tuple[Node, Node | None, bool]] = [(root, None, False) for root in reversed(screen.roots)]
    while waiting:
        node, item, in_list = waiting.pop()
        item = node if in_list and item is None else item
        if node.package == package:
            yield node, item
        below = in_list or (node.scrollable and bool(node.children))
        waiting.extend((child, item, below) for child in reversed(node.children))


def _shows(node: Node) -> bool:
    return not node.children and bool(node.text or node.desc or node.clickable)


def _around(node: Node, shown: list[Node], order: dict[int, int]) -> tuple[tuple[str, str], tuple[str, str]]:
    places = [order[id(one)] for one in node.walk() if id(one) in order]
    if not places:
        return _ROOT, _ROOT
    first, last = min(places), max(places)
    before = _sign(shown[first - 1]) if first else _ROOT
    return before, _sign(shown[last + 1]) if last + 1 < len(shown) else _ROOT


def _trait(node: Node, item: Node | None, width: int, around: tuple[tuple[str, str], tuple[str, str]]) -> Trait:
    left, top, right, bottom = node.bounds
    from_top = item.bounds[1] if item is not None else 0
    word = re.split(r"[0-9A-Za-z：:]", node.text, maxsplit=1)[0].strip()
    return Trait(
        selector=node.resource_id,
        words=tokens(node.resource_id),
        cls=node.cls.rpartition(".")[2],
        clickable=node.clickable,
        scrollable=node.scrollable,
        shape=shape_of(node.text),
        word=word if len(word) < LONG else "",
        desc=shape_of(node.desc),
        place=(left / width, (top - from_top) / width, right / width, (bottom - from_top) / width),
        listed=item is not None,
        item=item is node,
        inside=frozenset(_sign(one) for one in node.walk() if one is not node and _shows(one)),
        before=around[0],
        after=around[1],
    )


def _sign(node: Node) -> tuple[str, str]:
    return node.cls.rpartition(".")[2], shape_of(node.text)
