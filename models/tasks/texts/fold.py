"""Folds a text to the form in which it is searched, and cuts it into bigrams. Pure.

Compatibility forms (NFKC) and case are folded; characters that nobody sees (zero-width, direction, variation
selectors) are dropped; each run of white space is one space. A gram is a number: two code points, or one and zero.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

MOST_CHARACTERS = 65_536  # of a text that are searched
# No gram has it. It stands for code points that this version of Unicode does not know: a later version may fold
# them otherwise, and the grams that it computes must still hold all of today's, because they are deleted by computing.
BREAK = "\ufffd"
_BITS = 21  # of a code point
_SHIFT = 1 << _BITS
_SPACES = re.compile(r"\s+")
_SELECTORS = frozenset(map(chr, (0x034F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def fold(text: str) -> str:
    """Returns the form of a text in which it is searched; empty when nobody sees anything of it."""
    seen = _visible(text[:MOST_CHARACTERS])
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return _SPACES.sub(" ", _visible(folded)).strip()[:MOST_CHARACTERS]


def grams_of(folded: str) -> set[int]:
    """Returns the grams of a folded text: each pair of neighbours, and each character by itself that is not ASCII."""
    pairs = {ord(one) * _SHIFT + ord(other) for one, other in set(pairwise(folded)) if BREAK not in (one, other)}
    return pairs | {ord(one) * _SHIFT for one in set(folded) if not one.isascii() and one != BREAK}


def grams_to_find(folded: str) -> list[int]:
    """Returns the grams that every text has which contains this folded one; none when it cannot be searched."""
    if len(folded) == 1:
        return sorted(grams_of(folded))
    return sorted(gram for gram in grams_of(folded) if gram % _SHIFT)


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(one): _as_seen(one) for one in set(text)})


def _as_seen(one: str) -> str | None:
    category = unicodedata.category(one)
    if category == "Cf" or one in _SELECTORS:
        return None
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return BREAK if category in ("Cn", "Cs") else one
