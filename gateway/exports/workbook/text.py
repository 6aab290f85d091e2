"""Text as a workbook holds it: every character survives, and nothing in it is markup, a formula or a link. Pure.

XML cannot hold most control characters, nor halves of surrogate pairs. Excel writes them, and the carriage return that
XML would turn into a line feed, as `_xHHHH_` (ECMA-376, ST_Xstring), and so does this.
"""

from __future__ import annotations

import re

MOST_TEXT = 32_767  # UTF-16 units in a cell, the most that Excel reads
# One class of characters, because a search for alternatives takes twice as long.
maybe_not_plain = re.compile("[&<>_\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]").search
_AS_CODE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """Returns the text as the content of an XML element."""
    if maybe_not_plain(text) is None:
        return text
    coded = _AS_CODE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return coded.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_attribute(text: str) -> str:
    """Returns the text as the value of an XML attribute in double quotes."""
    return escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def fits(text: str) -> bool:
    """Returns whether a cell can hold the text, as Excel counts it: in UTF-16, after escaping control characters."""
    return len(text) <= MOST_TEXT // 7 or units(text) <= MOST_TEXT


def units(text: str) -> int:
    """Returns the length of a text in UTF-16 units, with seven for a character that is written as `_xHHHH_`."""
    coded = sum(1 for _ in _AS_CODE.finditer(text))
    return len(text) + sum(one > "\uffff" for one in text) + 6 * coded


def cut(text: str, most: int) -> str:
    """Returns the longest beginning of a text that has at most `most` units; no character is halved."""
    if units(text) <= most:
        return text
    low, high = 0, min(len(text), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if units(text[:middle]) <= most else (low, middle - 1)
    return text[:low]


def pieces(text: str, most: int = MOST_TEXT) -> list[str]:
    """Returns a text in pieces that cells can hold; together they are the text."""
    found: list[str] = []
    while text:
        piece = cut(text, most)
        found.append(piece)
        text = text[len(piece) :]
    return found
