"""Finds the slips that turn a campaign file's line into another one than its author meant. Pure.

YAML takes `comments:2` for a text that goes on in the next line, and reports the line after it. So does it with a name
without a colon, with a full-width colon, and with a text that a `#` cuts off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_WRITTEN = 40  # characters shown of a wrong value

_NAME = r"""["']?(?P<name>[A-Za-z_]\w*)["']?"""
_NO_BLANK = re.compile(rf"\s*{_NAME}:(?P<rest>[^\s:].*)")
_FULL_WIDTH = re.compile(rf"\s*{_NAME}\s*(?P<colon>[：﹕꞉ː])\s*(?P<rest>.*)")
_NO_COLON = re.compile(rf"\s*{_NAME}(?:\s+(?P<rest>[^:：]*))?")
_DASH = re.compile(r"\s*(?P<dash>-(?=[^\s\d-])|[－–—﹣−])\s*(?P<rest>\S.*)")
_STRANGE_BLANK = re.compile(r"[ \t]*(?P<blank>[^\S \t\r\n])")
_FIELD = re.compile(r"\s*(?:- )?[^\s:#]+:(?:\s|$)")
_HASH = re.compile(r"""(?P<quoted>"(?:\\.|[^"\\])*"|'(?:''|[^'])*')|(?:^|(?<=[\s\[{,]))#""")


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: its place, counted from 0, what is wrong, and how to write it."""

    line: int
    column: int
    reason: str
    remedy: str


def shown(text: str) -> str:
    """Returns the text without blanks at its ends, cut short."""
    text = text.strip()
    return text if len(text) <= MOST_WRITTEN else text[: MOST_WRITTEN - 1] + "…"


def slip_in(text: str, line: int = 0) -> Slip | None:
    """Returns the slip in how a line, or a value that begins one, is written."""
    if (found := _STRANGE_BLANK.match(text)) and text.strip():
        sign = f"U+{ord(found['blank']):04X}"
        reason = f"the blank {sign} begins the line, and YAML takes only plain ones"
        return Slip(line, found.start("blank"), reason, "write plain blanks at the line's beginning")
    if found := _FULL_WIDTH.match(text):
        reason = f"the colon {found['colon']} after a field's name is not the plain one"
        return Slip(line, found.start("colon"), reason, _write(found))
    if found := _NO_BLANK.match(text):
        return Slip(line, found.start("rest"), "no blank stands after the colon", _write(found))
    if found := _DASH.match(text):
        reason = "no blank stands after the dash" if found["dash"] == "-" else f"{found['dash']} is not the plain dash"
        return Slip(line, found.start("dash"), reason, f"write - {shown(found['rest'])}")
    return None


def slip_before(lines: Sequence[str], line: int) -> Slip | None:
    """Returns the slip because of which YAML read into `line`, whose beginning it did not expect."""
    found = None
    before = _before(lines, line)
    while before is not None and (slip := slip_in(lines[before], before) or _no_colon(lines[before], before)):
        found, before = slip, _before(lines, before)
    return found


def slip_at(lines: Sequence[str], line: int) -> Slip | None:
    """Returns the slip in a line that YAML took for a field's name without a colon."""
    if line >= len(lines):
        return None
    text = lines[line]
    before = _before(lines, line)
    in_list = before is not None and lines[before].lstrip().startswith("- ") and _indent(lines[before]) == _indent(text)
    if in_list and not slip_in(text) and not text.lstrip().startswith("-"):
        return Slip(line, _indent(text), "no dash stands before this entry", f"write - {shown(text)}")
    return slip_in(text, line) or _no_colon(text, line)


def too_far_in(lines: Sequence[str], line: int) -> Slip | None:
    """Returns the slip of a field that stands further in than the field before it, which has its value already."""
    before = _before(lines, line)
    if before is None or line >= len(lines) or not _FIELD.match(lines[line]):
        return None
    indent = _indent(lines[line])
    if indent <= _indent(lines[before]):
        return None
    reason = f"this line stands further in than line {before + 1}, which has its value already"
    return Slip(line, indent, reason, "begin it in the column in which the other fields of its group begin")


def cut_off(lines: Sequence[str], line: int) -> Slip | None:
    """Returns the slip of a text that a `#` cut off, although its next part stands further in on `line`."""
    before = _before(lines, line)
    if before is None or line >= len(lines) or _indent(lines[line]) <= _indent(lines[before]):
        return None
    return _dropped(lines, (before, 0), before)


def cut_list(lines: Sequence[str], opened: tuple[int, int], line: int) -> Slip | None:
    """Returns the slip of a list or group in brackets whose end a `#` cut off: opened at a place, missed on `line`."""
    return _dropped(lines, opened, min(line, len(lines) - 1))


def is_hashtag(text: str) -> bool:
    """Returns whether a text that begins with # is a hashtag, and no remark."""
    return text.startswith("#") and bool(text[1:2].strip(" #-="))


def _dropped(lines: Sequence[str], start: tuple[int, int], last: int) -> Slip | None:
    first, column = start
    text = "\n".join([lines[first][column:], *lines[first + 1 : last + 1]])
    for found in _HASH.finditer(text):
        lost = text[found.start() :].partition("\n")[0]
        own_line = not text[: found.start()].rpartition("\n")[2].strip()
        if found["quoted"] or own_line or not (is_hashtag(lost) or re.search(r"[\]}]", lost)):
            continue
        line = first + text.count("\n", 0, found.start())
        place = found.start() - (text.rfind("\n", 0, found.start()) + 1) + (column if line == first else 0)
        reason = f"YAML drops what follows a #, so {shown(lost)!r} would be lost"
        return Slip(line, place, reason, "put the text in quotes with its #; a remark goes on a line of its own")
    return None


def _no_colon(text: str, line: int) -> Slip | None:
    found = _NO_COLON.fullmatch(text.partition(" #")[0].rstrip())
    if found is None:
        return None
    return Slip(line, found.start("name"), "a field's name has no colon after it", _write(found))


def _write(found: re.Match[str]) -> str:
    return f"write {found['name']}: {shown(found['rest'] or '')}".rstrip()


def _before(lines: Sequence[str], line: int) -> int | None:
    """Returns the number of the last line before `line` that is neither empty nor a remark."""
    for number in range(min(line, len(lines)) - 1, -1, -1):
        text = lines[number].strip()
        if text and not text.startswith("#"):
            return number
    return None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
