"""One screen of a phone as a tree of nodes, read from a uiautomator hierarchy dump."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from lxml import etree

MOST_BYTES = 4_000_000  # the dump of a busy real screen has about 200 kB; a larger text is no screen
MOST_NODES = 10_000  # a busy real screen has about 1,500
MOST_DEPTH = 120
MOST_REFERENCES = 100_000  # numeric character references

Bounds = tuple[int, int, int, int]  # left, top, right, bottom in pixels

_ON_ITS_SIDE = ("1", "3")  # android.view.Surface.ROTATION_90 and ROTATION_270
BY_DESC, BY_TEXT = "desc=", "text="  # how a selector begins that is no id
NOWHERE: Bounds = (0, 0, 0, 0)
_BOUNDS = re.compile(r"\[(-?\d+),(-?\d+)\]\[(-?\d+),(-?\d+)\]", re.ASCII)
_MOST_DIGITS = 10  # of a 32-bit number, Android's own for pixels
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCES = re.compile(r"(?:&#(?:x[0-9a-fA-F]{1,8}|[0-9]{1,10});)+")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")


class ScreenError(ValueError):
    """A hierarchy dump cannot be read; the message has the reason."""


@dataclass(slots=True, eq=False)
class Node:
    """One UI element of a dump. Bounds are pixels: left, top, right, bottom.

    In a dump, `..` stands for two dots or for a character above U+FFFF. So a `text` that contains it is `unclear`
    until it was `read` whole: see `flows.lossy`.
    """

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
    _dumped: str | None = None  # the dump's text, once `text` is the whole one

    @property
    def dump_text(self) -> str:
        """Returns the text in the dump's form."""
        return self.text if self._dumped is None else self._dumped

    @property
    def unclear(self) -> bool:
        """True when the text may have characters that the dump does not show."""
        return self._dumped is None and ".." in self.text

    @property
    def read_text(self) -> str | None:
        """Returns the whole text if it was read; None if only the dump's form is known."""
        return None if self._dumped is None else self.text

    def read(self, text: str) -> None:
        """Sets the node's whole text."""
        self._dumped, self.text = self.dump_text, text

    @property
    def has_place(self) -> bool:
        """True when the node covers a pixel. A node with missing or empty bounds cannot be tapped."""
        left, top, right, bottom = self.bounds
        return left < right and top < bottom

    @property
    def center(self) -> tuple[int, int]:
        """Returns the pixel in the middle."""
        left, top, right, bottom = self.bounds
        return (left + right) // 2, (top + bottom) // 2

    @property
    def height(self) -> int:
        """Returns the height in pixels."""
        return self.bounds[3] - self.bounds[1]

    def walk(self) -> Iterator[Node]:
        """Yields this node and all nodes below it, in the dump's order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def find(self, selector: str) -> Node | None:
        """Returns the first node that this selects, this one or below it."""
        return next((node for node in self.walk() if node.is_selected_by(selector)), None)

    def all(self, selector: str) -> list[Node]:
        """Returns every node that this selects, this one or below it, in the dump's order."""
        return [node for node in self.walk() if node.is_selected_by(selector)]

    def is_selected_by(self, selector: str) -> bool:
        """Returns whether the selector is this node's id; or `desc=` or `text=` with its description or its text."""
        if selector.startswith(BY_DESC):
            return self.desc == selector[len(BY_DESC) :]
        if selector.startswith(BY_TEXT):
            return self.dump_text == selector[len(BY_TEXT) :]
        return self.resource_id == selector


class Screen:
    """A whole screen. Queries by id cost one dictionary look-up."""

    __slots__ = ("_by_id", "_own", "on_its_side", "packages", "roots")

    def __init__(self, roots: list[Node], *, on_its_side: bool = False) -> None:
        """`on_its_side`: the dump has the screen in landscape."""
        self.roots = roots
        self.on_its_side = on_its_side
        self._by_id: dict[str, list[Node]] = {}
        self._own: Collection[str] = ()  # packages whose nodes are found; empty: all
        packages: dict[str, None] = {}
        for root in roots:
            for node in root.walk():
                packages[node.package] = None
                if node.resource_id:
                    self._by_id.setdefault(node.resource_id, []).append(node)
        self.packages = frozenset(packages)

    @classmethod
    def parse(cls, dump: str) -> Screen:
        """Reads a hierarchy dump.

        Raises ScreenError when it is no dump, is too large, has a document type declaration, or has a node where no
        phone has pixels. It refuses a dump before parsing takes time.
        """
        _refuse_what_is_too_much(dump)
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True,
            remove_pis=True,
        )  # fmt: skip
        try:
            root = etree.fromstring(_mend(dump).encode("utf-8"), parser)
        except etree.XMLSyntaxError as error:
            raise ScreenError(f"the dump is not XML: {error}") from error
        if root.tag != "hierarchy":
            raise ScreenError(f"the dump's root is <{root.tag}>, not <hierarchy>")
        return cls(_read_all(root), on_its_side=root.get("rotation") in _ON_ITS_SIDE)

    def of(self, packages: Collection[str]) -> Screen:
        """Returns the same screen with all its windows, but only nodes of these packages are found."""
        own = Screen([], on_its_side=self.on_its_side)
        own.roots, own.packages, own._own = self.roots, self.packages, frozenset(packages)
        for resource_id, nodes in self._by_id.items():
            kept = [node for node in nodes if node.package in packages]
            if kept:
                own._by_id[resource_id] = kept
        return own

    def find(self, selector: str) -> Node | None:
        """Returns the first node that this selects: see `Node.is_selected_by`."""
        nodes = self.all(selector)
        return nodes[0] if nodes else None

    def all(self, selector: str) -> list[Node]:
        """Returns every node that this selects, in the dump's order."""
        if selector.startswith((BY_DESC, BY_TEXT)):
            own = self._own or self.packages
            found = (node for root in self.roots for node in root.walk() if node.package in own)
            return [node for node in found if node.is_selected_by(selector)]
        return self._by_id.get(selector, [])

    def has(self, selector: str) -> bool:
        """Returns whether this selects a node on the screen."""
        return bool(self.all(selector))

    @property
    def size(self) -> tuple[int, int]:
        """Returns the width and height of the largest root in pixels."""
        if not self.roots:
            return 0, 0
        return max(root.bounds[2] for root in self.roots), max(root.bounds[3] for root in self.roots)

    def may_touch(self, node: Node) -> bool:
        """Returns whether the middle of the node is on the screen."""
        return node.has_place and self.has_pixel(node.center)

    def has_pixel(self, point: tuple[int, int]) -> bool:
        """Returns whether this pixel is on the screen."""
        width, height = self.size
        return 0 <= point[0] < width and 0 <= point[1] < height


def _refuse_what_is_too_much(dump: str) -> None:
    """Raises ScreenError for too large a dump. The counts are cheap upper bounds: no XML value has a bare `<`."""
    for count, most, what in (
        (len(dump), MOST_BYTES, "characters"),
        (dump.count("<"), 2 * MOST_NODES + 20, "tags"),
        (dump.count("&#"), MOST_REFERENCES, "character references"),
    ):
        if count > most:
            raise ScreenError(f"the dump has {count} {what}, more than {most}")
    if "<!DOCTYPE" in dump:
        raise ScreenError("the dump carries a document type declaration")


def _mend(dump: str) -> str:
    """Returns the dump with numeric surrogate pairs joined, and without characters that XML forbids."""
    if dump.startswith("<?xml"):  # the declared encoding is of the transport, not of this string
        dump = dump[dump.find("?>") + 2 :]
    return _NOT_XML.sub("", _REFERENCES.sub(_mend_references, dump)).strip()


def _mend_references(match: re.Match[str]) -> str:
    """Mends a run of numeric references: some UI servers write an emoji as two surrogates, which is not XML."""
    mended: list[str] = []
    high = 0
    for reference in _REFERENCE.finditer(match[0]):
        code = int(reference[1], 16) if reference[1] else int(reference[2])
        if 0xDC00 <= code <= 0xDFFF and high:
            mended.append(chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)))
        elif _is_xml(code):
            mended.append(reference[0])
        high = code if 0xD800 <= code <= 0xDBFF else 0
    return "".join(mended)


def _is_xml(code: int) -> bool:
    """Returns whether XML allows this code point."""
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def _read_all(root: etree._Element) -> list[Node]:
    """Reads the nodes below the root element. Raises ScreenError."""
    roots: list[Node] = []
    waiting = [(root, roots, 0)]
    while waiting:
        parent, children, depth = waiting.pop()
        if depth > MOST_DEPTH and len(parent):
            raise ScreenError(f"the dump is nested deeper than {MOST_DEPTH}")
        for element in parent:
            node = _read(element)
            children.append(node)
            waiting.append((element, node.children, depth + 1))
    return roots


def _read(element: etree._Element) -> Node:
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
    )


def _bounds(text: str) -> Bounds:
    match = _BOUNDS.fullmatch(text)
    if match is None:
        return NOWHERE
    if max(len(number) for number in match.groups()) > _MOST_DIGITS + 1:
        raise ScreenError(f"the dump places a node at {text[:40]}…, where no phone has pixels")
    left, top, right, bottom = (int(number) for number in match.groups())
    if not all(-(2**31) <= number < 2**31 for number in (left, top, right, bottom)):
        raise ScreenError(f"the dump places a node at {text}, where no phone has pixels")
    return left, top, right, bottom
