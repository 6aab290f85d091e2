"""The language in which commands speak: chosen before the first word, and found in the catalogue at the first one.

Texts stay English in the code and in the ledger. They are said in Chinese where they are printed, so English commands
read no catalogue.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from gateway.words.language import VARIABLE, of_terminal

if TYPE_CHECKING:
    from gateway.words.catalogue import Catalogue


REASONS = frozenset({"reason", "rests", "what came", "what to do", "why"})  # headings above phonefleet's own sentences


def speak(language: str) -> None:
    """Speaks this language from now on; processes that the command starts do so too."""
    os.environ[VARIABLE] = language
    words.cache_clear()


@cache
def words() -> Catalogue | None:
    """Returns the catalogue; None for English, in which everything is written already."""
    language = of_terminal()
    if language == "en":
        return None
    from gateway.words.catalogue import catalogue  # noqa: PLC0415 - English needs none

    return catalogue(language)


def said(text: str) -> str:
    """Returns an English text in the language that is spoken, as far as the catalogue knows its form."""
    spoken = words()
    return text if spoken is None else spoken.said(text)


def put(key: str, /, **values: object) -> str:
    """Returns the words for an English text with `{names}`, with these values. Values are put in as they are."""
    spoken = words()
    return key.format(**values) if spoken is None else spoken.text(key, **values)


def word(kind: str, code: object) -> str:
    """Returns the word for a code of the ledger, such as a task's state; in English the code."""
    spoken = words()
    return f"{code or ''}" if spoken is None else spoken.word(kind, code)


def cell(heading: str, value: str) -> str:
    """Returns a cell of a table: reasons are said, codes have their word, and all other values are data."""
    spoken = words()
    if spoken is None or not value:
        return value
    return spoken.said(value) if heading in REASONS else spoken.cell(heading, value)


def heading(key: str) -> str:
    """Returns a heading, a title or the name of a fact: its own word as one, else what its text is in general."""
    spoken = words()
    return key if spoken is None else spoken.texts.get(f"head:{key}") or spoken.said(key)
