"""Deals the operator's texts like cards: in random order, and none again before all were used."""

from __future__ import annotations

import random
from collections.abc import Sequence, Set


class Deck:
    """Texts in random order. A text that may not be posted now keeps its place in the order."""

    def __init__(self, texts: Sequence[str], rng: random.Random) -> None:
        self._texts = list(dict.fromkeys(texts))
        self._rng = rng
        self._left: list[str] = []
        self._last: str | None = None

    def next(self, barred: Set[str] = frozenset()) -> str | None:
        """Returns the next text that is not barred, if possible another than the last one; None if all are barred."""
        allowed = [text for text in self._texts if text not in barred]
        if len(allowed) > 1:
            allowed = [text for text in allowed if text != self._last]
        if not allowed:
            return None
        if not any(text in allowed for text in self._left):
            self._left += self._rng.sample(self._texts, len(self._texts))
        return next(text for text in self._left if text in allowed)

    def posted(self, text: str) -> None:
        """Notes that this text was posted: it returns after the others."""
        self._last = text
        if text not in self._left and text in self._texts:
            self._left += self._rng.sample(self._texts, len(self._texts))
        if text in self._left:
            self._left.remove(text)
