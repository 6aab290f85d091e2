"""The words of a workbook, from the catalogue of all words that people read."""

from __future__ import annotations

from typing import Literal

from gateway.words.catalogue import catalogue

Language = Literal["zh", "en"]
SHEET = "sheet"  # the kind of a workbook's own words in the catalogue; values have the kinds that the console uses


def word(language: Language, key: str, *kinds: str) -> str:
    """Returns the word of the first of these kinds that has one, without kinds the workbook's own.

    A key without one, such as a state of another version, stands for itself.
    """
    texts = catalogue(language).texts
    return next((texts[name] for name in (f"{kind}:{key}" for kind in kinds or (SHEET,)) if name in texts), key)
