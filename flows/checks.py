"""Checks of parameters that several flows share. Each refusal has the reason and the remedy."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from flows.lossy import storable

MOST_TEXT = 200  # characters; the practice app takes no longer comments
MOST_TEXTS = 10_000  # of the operator, for one part of a campaign
MOST_SHOWN = 40  # characters of a text in a refusal

# Invisible although their category is letter, mark or symbol: fillers, and Braille without dots.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
_STYLES = dict.fromkeys((0xFE0E, 0xFE0F))
# Without width and without a meaning beside a time, a count or a placeholder; for str.translate.
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_TAGS = range(0xE0020, 0xE0080)  # used, at the end as well, in the flags of Scotland and others


class Several(ValueError):
    """Several mistakes that a model's own check found; `mistakes` are their messages, each `field: reason; remedy`."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


def refuse_all(mistakes: Iterable[str]) -> None:
    """Raises Several with all mistakes, if there are any."""
    found = tuple(mistakes)
    if found:
        raise Several(found)


def mistake_in(text: str) -> str | None:
    """Returns the message with which `check_text` refuses a text; None for a good one."""
    try:
        check_text(text)
    except ValueError as error:
        return str(error)
    return None


def check_text(text: str) -> str:
    """Returns a text that can be written into the app and found there again. Raises ValueError for another one."""
    if len(text) > MOST_TEXT:
        raise ValueError(f"{_shown(text)} has {len(text)} characters, the app takes {MOST_TEXT}; shorten it")
    if all(map(_unseen, text)):
        raise ValueError("is empty; give the text")
    if text != text.strip():
        raise ValueError(f"{_shown(text)} begins or ends with a blank, which apps cut off; remove it")
    for end in (text[0], text[-1]):
        if _unseen(end):
            raise ValueError(f"{_shown(text)} begins or ends with U+{ord(end):04X}, which nobody sees; remove it")
    if any(ord(character) < 32 for character in text):
        raise ValueError(f"{_shown(text)} holds a line break or control character; remove it")
    if not storable(text):
        raise ValueError(f"{_shown(text)} holds a character that no phone shows, such as half of an emoji; remove it")
    return text


def as_seen(text: str) -> str:
    """Returns a text without what nobody sees: emoji styles, and the two forms of one letter (é, e with an accent)."""
    return unicodedata.normalize("NFC", text.translate(_STYLES))


def _shown(text: str) -> str:
    return repr(text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…")


def check_name(name: str) -> str:
    """Returns the name of an author, title or commenter, as the app shows it. Raises ValueError for a bad one."""
    if all(map(_unseen, name)):
        raise ValueError("is empty; give it as the app shows it")
    return name


def _unseen(character: str) -> bool:
    """Returns whether the character alone is invisible. Other checks find halves of emoji and control characters."""
    hidden = unicodedata.category(character) == "Cf" and ord(character) not in _TAGS
    return character.isspace() or hidden or character in _FILLERS


Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[str, AfterValidator(check_name)]
