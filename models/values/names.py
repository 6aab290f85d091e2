"""Checks the names, ids and titles that people give: they must not contain invisible characters.

MariaDB compares "abc " and "abc" as equal, SQLite does not; people cannot distinguish "abc" from "abc" with a U+200B
after it. The rule applies to input by command, API, campaign file and Python; texts that an app shows are stored as
they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from models.values.refused import Problem, Refused

MOST_CHARACTERS = 191  # of a name column
MOST_TITLE = 10_000  # characters; apps take a few thousand
REMEDY = "give it as the app shows it, without blanks at its ends and without characters that nobody sees"

_JOINERS = "\u200c\u200d"
_EMOJI_STYLE = "\ufe0e\ufe0f"
# A variation selector chooses the form of the ideograph before it; behind anything else nobody sees it.
_SELECTORS = (range(0xFE00, 0xFE0E), range(0xE0100, 0xE01F0))
_IDEOGRAPHS = (range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x32000))
# Unicode keeps these for further invisible characters.
_KEPT_INVISIBLE = (range(0x2065, 0x2066), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE0020), range(0xE0080, 0xE1000))
_MARKS = _JOINERS + _EMOJI_STYLE
# Invisible although their category is letter, mark or symbol (Unicode's Default_Ignorable_Code_Point, and the
# Braille pattern without dots).
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# Of category Cf, but visible: Arabic, Syriac and Kaithi signs before a number or a verse.
_DRAWN = frozenset([*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD])
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))  # in the flags of Scotland and others
_LONGEST_FLAG = 32  # characters with all its tags
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_BLACK_FLAG = "\U0001f3f4"
# From Arabic to Tibetan, and Khmer to Limbu: scripts in which a joiner changes the form of letters.
_JOINED_SCRIPTS = (range(0x600, 0x1000), range(0x1000, 0x10A0), range(0x1780, 0x18B0))


def id_fault(value: str, most: int = MOST_CHARACTERS) -> str | None:
    """Returns the fault of an id, such as an author's; None for a good one.

    Unlike a name, it must be in Unicode's form NFC, because two forms of one id look the same.
    """
    fault = name_fault(value, most)
    other_blank = next((one for one in value if one.isspace() and one not in " \u3000"), None)
    if fault is None and other_blank is not None:
        return f"{value!r} holds a blank that looks like an ordinary one: U+{ord(other_blank):04X}"
    if fault is None and not unicodedata.is_normalized("NFC", value):
        return f"{value!r} is not in Unicode's composed form (NFC)"
    return fault


def name_fault(value: str, most: int = MOST_CHARACTERS) -> str | None:
    """Returns the fault of a name of one line; None for a good one. Emoji with their joiners are allowed."""
    return _fault(value, most, "")


def title_fault(value: str) -> str | None:
    """Returns the fault of a title, which may be longer and may contain line feeds and tabs; None for a good one."""
    return _fault(value, MOST_TITLE, "\n\t")


def check_names(field: str, row_id: str, name: str) -> None:
    """Raises Refused with the faults of an id, whose field is `field`, and of its name."""
    problems = [*name_problems(field, row_id, id_fault), *name_problems("name", name)]
    if problems:
        raise Refused(problems)


def name_problems(field: str, value: str, fault: Callable[[str], str | None] = name_fault) -> Iterator[Problem]:
    """Yields the problem of a field with this value, if it has one."""
    reason = fault(value)
    if reason is not None:
        yield Problem(field, reason, REMEDY)


def _fault(value: str, most: int, controls: str) -> str | None:
    if not isinstance(value, str):  # a script's, whose types nobody checked
        return f"{value!r} is no text"  # type: ignore[unreachable]
    shown = value if len(value) <= 60 else value[:59] + "…"
    if len(value) > most or not value.strip():
        return f"{shown!r} has not 1 to {most} characters"
    if value.isascii() and value.isprintable() and " " not in (value[0], value[-1]):
        return None
    for place, word in ((0, "begins"), (len(value) - 1, "ends")):
        if value[place].isspace() or (value[place] not in _MARKS and _is_hidden(value, place)):
            return f"{shown!r} {word} with {_called(value[place])}"
    if value[0] in _MARKS or value[-1] in _JOINERS:
        return f"{shown!r} begins or ends with a mark that joins nothing"
    for place, character in enumerate(value):
        if character not in controls and _is_hidden(value, place):
            return f"{shown!r} holds {_called(character)}, at place {place + 1}"
    return None


def _is_hidden(value: str, place: int) -> bool:
    """Returns whether the character at this place is invisible, or controls how others are drawn."""
    character = value[place]
    before = value[place - 1] if place else ""
    if character in _JOINERS:
        return not _can_be_joined(before)
    if character in _EMOJI_STYLE:
        return before != "\u2139" and unicodedata.category(before or " ")[0] in "LZ"
    if character in _TAGS:
        return not value[max(0, place - _LONGEST_FLAG) : place].rstrip(_TAGS).endswith(_BLACK_FLAG)
    if character in _FILLERS or _is_no_character(ord(character)):
        return True
    if any(ord(character) in some for some in _SELECTORS):
        return not any(ord(before or " ") in some for some in _IDEOGRAPHS)
    if any(ord(character) in some for some in _KEPT_INVISIBLE):
        return True
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and ord(character) not in _DRAWN)


def _can_be_joined(before: str) -> bool:
    if not before:
        return False
    if before in _EMOJI_STYLE or before in _SKIN_TONES or unicodedata.category(before) == "So":
        return True
    return before in _TAGS or any(ord(before) in script for script in _JOINED_SCRIPTS)


def _is_no_character(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _called(character: str) -> str:
    code = f"U+{ord(character):04X}"
    if character == "\x00":
        return "the character NUL (U+0000)"
    if unicodedata.category(character) == "Cs":
        return f"half of a surrogate pair ({code})"
    if character in " \t\r\n\u00a0\u3000":
        return f"a blank or line break ({code})"
    return f"the invisible character {code}"
