"""How much room text takes, near enough to lay out rows without a font."""

from __future__ import annotations

import unicodedata


def width_of(character: str) -> float:
    """Width in ems: 1 for Chinese and emoji, 0.55 for Latin, 0 for joiners and marks."""
    if character < "\u0300":
        return 0.55
    if character in "\u200d\ufe0f\u20e3" or unicodedata.combining(character):
        return 0.0
    return 1.0


def wrap(text: str, ems: float) -> list[str]:
    """The lines of a text in a column of so many ems; breaks anywhere, as Chinese does. Never empty."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        start, used = 0, 0.0
        for place, character in enumerate(paragraph):
            width = width_of(character)
            if used + width > ems and place > start:
                lines.append(paragraph[start:place])
                start, used = place, 0.0
            used += width
        lines.append(paragraph[start:])
    return lines
