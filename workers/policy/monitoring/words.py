"""Finds the words of a watch in texts: thousands of words in one pass, the longest at each place. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from ahocorasick_rs import AhoCorasick, MatchKind

from models.values.refused import refuse

MOST_WORDS = 10_000
MOST_LENGTH = 191


def folded(text: str) -> str:
    """Returns a text as words are compared: without regard to case, and full-width letters and digits as plain ones."""
    # most texts have no full-width form, and to look costs a tenth of translating
    return (text.translate(_NARROW) if _WIDE.search(text) else text).casefold()


_WIDE = re.compile("[\uff01-\uff5e\u3000]")
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class WordList:
    """A set of words, ready to be found in many texts."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(folded(word) for word in words))
        # stored patterns: what is found are these very words, which takes a third less time than places in the text
        self._automaton = (
            AhoCorasick(self.words, matchkind=MatchKind.LeftmostLongest, store_patterns=True) if self.words else None
        )

    def found(self, text: str) -> list[str]:
        """Returns the words in the text, as compared, in the order of their first place, each once.

        Of words that overlap, the leftmost counts, and of those that begin at one place the longest.
        """
        return self.found_in(folded(text))

    def found_in(self, plain: str) -> list[str]:
        """As `found`, in a text that is `folded` already."""
        if self._automaton is None:
            return []
        found = self._automaton.find_matches_as_strings(plain)
        return found if len(found) < 2 else list(dict.fromkeys(found))


@dataclass(frozen=True)
class WordRule:
    """Which texts count: with `all` words, one of `any` at least, and none of `none`. Without words, every text."""

    all: Sequence[str] = ()
    any: Sequence[str] = ()
    none: Sequence[str] = field(default=())

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Self:
        """Returns the rule of a watch's column."""
        return cls(tuple(words.get("all", ())), tuple(words.get("any", ())), tuple(words.get("none", ())))

    def as_json(self) -> dict[str, list[str]]:
        """Returns the column's value."""
        return {"all": list(self.all), "any": list(self.any), "none": list(self.none)}

    def matches(self, text: str) -> list[str] | None:
        """Returns the words for which the text counts, which may be none at all; None when it does not count."""
        plain = folded(text)
        if self.none and self._none.found_in(plain):
            return None
        # `all` is short, and its words may lie inside one another, which one pass over the text would not report
        wanted = self._all
        if wanted and not all(word in plain for word in wanted):
            return None
        if not self.any:
            return list(wanted)
        some = self._any.found_in(plain)
        if not some:
            return None
        return list(dict.fromkeys([*wanted, *some])) if wanted else some

    @cached_property
    def _all(self) -> tuple[str, ...]:
        return tuple(folded(word) for word in self.all)

    @cached_property
    def _any(self) -> WordList:
        return WordList(self.any)

    @cached_property
    def _none(self) -> WordList:
        return WordList(self.none)


def check_words(rule: WordRule) -> None:
    """Raises Refused for too many, empty or too long words, and for a word that is both wanted and refused."""
    for name in ("all", "any", "none"):
        words: Sequence[str] = getattr(rule, name)
        if len(words) > MOST_WORDS:
            raise refuse(name, f"{len(words)} words", f"give at most {MOST_WORDS}")
        for word in words:
            if not word.strip() or len(word) > MOST_LENGTH:
                raise refuse(name, f"{word[:40]!r} has {len(word)} characters", f"give words of 1 to {MOST_LENGTH}")
    both = {*map(folded, rule.all), *map(folded, rule.any)} & set(map(folded, rule.none))
    if both:
        raise refuse("none", f"{min(both)!r} is among the wanted words too", "take it out of one of both")
