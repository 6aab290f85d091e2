"""The hierarchy dump: a screen as the XML that Android's UI server writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from phonesim.node import Node

HEADER = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\r\n"
UNIMPORTANT = frozenset(
    {"android.view.View", "android.view.ViewGroup", "android.widget.FrameLayout", "android.widget.LinearLayout"}
)
_BOOL = ("false", "true")
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
_ESCAPES |= {ord("\n"): "&#10;", ord("\r"): "&#13;", ord("\t"): "&#9;"}
_NEEDS_CARE = re.compile(r'[&<>"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe-\U0010ffff]')
# stripInvalidXMLChars in the jar's AccessibilityNodeInfoDumper, UTF-16 unit by unit: so both halves of an emoji
_STRIPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufddf\ufffe\uffff]")
_PAIR = re.compile(r"[\U00010000-\U0010ffff]")


def dump(
    root: Node,
    max_depth: int,
    only_package: str | None = None,
    *,
    rotation: int = 0,
    over: Sequence[Node] = (),
    compressed: bool = False,
) -> str:
    """The screen as XML, at most `max_depth` levels of nodes deep: the window in front, then those over it.

    `only_package` leaves out what belongs to another package (a system dialog over the app), as a
    dump of the active window alone does. `compressed` leaves out what tells and takes nothing, see `matters`.
    """
    parts = [HEADER, f'<hierarchy rotation="{rotation}">']
    for window in (root, *over):
        _write(parts, _compress(window) if compressed else window, 0, max_depth, only_package)
    parts.append("</hierarchy>")
    return "".join(parts)


def matters(node: Node) -> bool:
    """Is the node important for accessibility? Layouts and bare views are not: a compressed dump leaves them out."""
    takes = node.clickable or node.long_clickable or node.scrollable or node.focusable or node.checkable
    return takes or bool(node.text or node.desc) or node.cls not in UNIMPORTANT


def _compress(node: Node) -> Node:
    return replace(node, children=[kept for child in node.children for kept in _kept(child)])


def _kept(node: Node) -> list[Node]:
    whole = _compress(node)
    return [whole] if matters(node) else whole.children


def _write(parts: list[str], node: Node, index: int, depth: int, only_package: str | None) -> None:
    if depth <= 0 or (only_package and node.package and node.package != only_package):
        return
    left, top, right, bottom = node.bounds
    parts.append(
        f'<node index="{index}" text="{_escape(node.text)}" resource-id="{_escape(node.resource_id)}" '
        f'class="{node.cls}" package="{node.package}" content-desc="{_escape(node.desc)}" '
        f'checkable="{_BOOL[node.checkable]}" checked="{_BOOL[node.checked]}" clickable="{_BOOL[node.clickable]}" '
        f'enabled="{_BOOL[node.enabled]}" focusable="{_BOOL[node.focusable]}" focused="{_BOOL[node.focused]}" '
        f'scrollable="{_BOOL[node.scrollable]}" long-clickable="{_BOOL[node.long_clickable]}" '
        f'password="{_BOOL[node.password]}" selected="{_BOOL[node.selected]}" visible-to-user="true" '
        f'bounds="[{left},{top}][{right},{bottom}]" drawing-order="{index + 1}" hint="" display-id="0"'
    )
    if not node.children:
        parts.append(" />")
        return
    parts.append(">")
    for position, child in enumerate(node.children):
        _write(parts, child, position, depth - 1, only_package)
    parts.append("</node>")


def _escape(text: str) -> str:
    if not _NEEDS_CARE.search(text):
        return text
    return strip(text).translate(_ESCAPES)


def strip(text: str) -> str:
    """What the UI server leaves of a text, description or hint in a dump: `.` for each UTF-16 unit that it strips."""
    return _PAIR.sub("..", _STRIPPED.sub(".", text))
