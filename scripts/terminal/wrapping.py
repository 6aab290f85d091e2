"""Breaks lines for a terminal at words, but never inside a path or a command, which people copy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

LEAST_WIDTH = 20
# The beginning of a command in the project's texts: a program's name, or a variable before one.
_COMMAND = re.compile(
    r"[(\"'`]*(?:[A-Z][A-Z_]+=|(?:\S*/)?"
    r"(?:adb|apt-get|head|kill|make|mysql|phonefleet|pip|pkill|python3?|redis-cli|redis-server|ss|systemctl|ulimit)$)"
)
_ENDS = tuple(",;:.)，；：。）")  # a command ends before such a mark of its sentence
_PLACE = re.compile(r"[(\"'`]*(?:~?/|\.{1,2}/|[a-z][a-z0-9+.-]*:/)")
_GAP = re.compile(r"(\s+)")


def wrapped(text: str, width: int) -> list[str]:
    """Returns the lines of one text, at most `width` cells wide, except for a wider part that may not be broken."""
    width, lines, line = max(width, LEAST_WIDTH), [], ""
    for gap, unit in _units(text):
        if line and cell_len(line + gap + unit) > width:
            lines.append(line)
            line, gap = "", ""  # noqa: PLW2901 - the line's end replaces the gap
        line += gap + unit
        if cell_len(line) > width and may_break(unit):
            *full, line = chop_cells(line, width)
            lines += full
    return [*lines, line] if line or not lines else lines


def may_break(word: str) -> bool:
    """Returns whether a word may be broken between characters: Chinese text may, names, paths and addresses may not."""
    return not word.isascii() and not _PLACE.match(word)


def longest_whole(text: str) -> int:
    """Returns the width, in cells, of the longest word that may not be broken."""
    return max((cell_len(word) for word in text.split() if not may_break(word)), default=0)


def _units(text: str) -> Iterator[tuple[str, str]]:
    """Yields the words of a line, each with the gap before it; a command counts as one word."""
    parts = _GAP.split(text)
    words = list(zip(["", *parts[1::2]], parts[::2], strict=True))
    while words:
        gap, unit = words.pop(0)
        if _COMMAND.match(unit):
            while words and not unit.endswith(_ENDS):
                unit += "".join(words.pop(0))
        yield gap, unit
