"""One screen of a phone as a tree of nodes, read from a uiautomator hierarchy dump."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

MOST_BYTES = 4_000_000  # a busy real screen dumps to about 200 kB; more than this is not a screen
MOST_DEPTH = 120

Bounds = tuple[int, int, int, int]  # left, top, right, bottom in pixels

_BOUNDS = re.compile(r"\[(-?\d+),(-?\d+)\]\[(-?\d+),(-?\d+)\]")
# uiautomator writes some emoji as a pair of numeric surrogates, which is not XML
_SURROGATES = re.compile(r"&#(5[56]\d{3});&#(5[67]\d{3});")
_NOT_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]|&#(?:[0-8]|1[124-9]|2\\d|3[01]|5[5-7]\\d{3});"
)


class ScreenError(ValueError):
    """A hierarchy dump cannot be read; the message says why."""


@dataclass(slots=True, eq=False)
class Node:
    """One UI element of a dump. Bounds are pixels: left, top, right, bottom."""

    resource_id: str
    text: str
    desc: str
    bounds: Bounds
    cls: str
    package: str
    enabled: bool = True
    selected: bool = False
    clickable: bool = False
    scrollable: bool = False
    children: list[Node] = field(default_factory=list)

    @property
    def center(self) -> tuple[int, int]:
        """The pixel in the middle."""
        left, top, right, bottom = self.bounds
        return (left + right) // 2, (top + bottom) // 2

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bounds[3] - self.bounds[1]

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the dump's order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, resource_id: str) -> Node | None:
        """The first node with this id, here or below."""
        return next((node for node in self.walk() if node.resource_id == resource_id), None)

    def all(self, resource_id: str) -> list[Node]:
        """Every node with this id, here or below, in the dump's order."""
        return [node for node in self.walk() if node.resource_id == resource_id]


class Screen:
    """A whole screen. Queries by id cost one dictionary look-up."""

    __slots__ = ("_by_id", "packages", "roots")

    def __init__(self, roots: list[Node]) -> None:
        self.roots = roots
        self._by_id: dict[str, list[Node]] = {}
        packages: dict[str, None] = {}
        for root in roots:
            for node in root.walk():
                packages[node.package] = None
                if node.resource_id:
                    self._by_id.setdefault(node.resource_id, []).append(node)
        self.packages = frozenset(packages)

    @classmethod
    def parse(cls, dump: str) -> Screen:
        """Read a hierarchy dump. Raises ScreenError when it is none, too large, or carries a DTD."""
        if len(dump) > MOST_BYTES:
            raise ScreenError(f"the dump has {len(dump)} characters, more than {MOST_BYTES}")
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True
        )
        try:
            root = etree.fromstring(_mend(dump).encode("utf-8"), parser)
        except etree.XMLSyntaxError as error:
            raise ScreenError(f"the dump is not XML: {error}") from error
        if root.getroottree().docinfo.internalDTD is not None:
            raise ScreenError("the dump carries a document type declaration")
        if root.tag != "hierarchy":
            raise ScreenError(f"the dump's root is <{root.tag}>, not <hierarchy>")
        return cls([_read(element, 0) for element in root])

    def find(self, resource_id: str) -> Node | None:
        """The first node with this id."""
        nodes = self._by_id.get(resource_id)
        return nodes[0] if nodes else None

    def all(self, resource_id: str) -> list[Node]:
        """Every node with this id, in the dump's order."""
        return self._by_id.get(resource_id, [])

    def has(self, resource_id: str) -> bool:
        """Is a node with this id on the screen?"""
        return resource_id in self._by_id

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, of the largest root."""
        if not self.roots:
            return 0, 0
        return max(root.bounds[2] for root in self.roots), max(root.bounds[3] for root in self.roots)


def _mend(dump: str) -> str:
    """The dump with paired numeric surrogates joined and what XML forbids left out."""

    def join(match: re.Match[str]) -> str:
        high, low = int(match[1]), int(match[2])
        if 0xD800 <= high <= 0xDBFF and 0xDC00 <= low <= 0xDFFF:
            return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        return ""

    if dump.startswith("<?xml"):  # the declaration's encoding is that of the wire, not of this string
        dump = dump[dump.find("?>") + 2 :]
    return _NOT_XML.sub("", _SURROGATES.sub(join, dump)).strip()


def _read(element: etree._Element, depth: int) -> Node:
    if depth > MOST_DEPTH:
        raise ScreenError(f"the dump is nested deeper than {MOST_DEPTH}")
    get = element.get
    # ids, classes and packages repeat on every screen: one copy of each a process
    return Node(
        resource_id=sys.intern(get("resource-id", "")),
        text=get("text", ""),
        desc=get("content-desc", ""),
        bounds=_bounds(get("bounds", "")),
        cls=sys.intern(get("class", "")),
        package=sys.intern(get("package", "")),
        enabled=get("enabled", "true") == "true",
        selected=get("selected") == "true",
        clickable=get("clickable") == "true",
        scrollable=get("scrollable") == "true",
        children=[_read(child, depth + 1) for child in element],
    )


def _bounds(text: str) -> Bounds:
    match = _BOUNDS.fullmatch(text)
    if match is None:
        return 0, 0, 0, 0
    return int(match[1]), int(match[2]), int(match[3]), int(match[4])
