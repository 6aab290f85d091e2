"""Tells people what many texts have in common: the words that trend, and texts that say nearly the same. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from workers.policy.monitoring.words import folded

ALIKE = 85.0  # percent, of rapidfuzz.fuzz.ratio: the same sentence with another name or sign in it
MOST_COMPARED = 500  # texts, each with each other
SHORTEST = 2  # characters of a word that says something, and of a text that can be copied
MOST_RUN = 200  # characters of a text that are looked at


def trends(now: Iterable[str], before: Iterable[str], most: int = 5) -> list[tuple[str, int]]:
    """Returns the words that more of the present texts hold than of those before, with the number of present texts."""
    here, there = _texts_with(now), _texts_with(before)
    rising = {word: count for word, count in here.items() if count > 1 and count > there[word]}
    ranked = sorted(rising, key=lambda word: (there[word] - rising[word], -len(word), word))
    return [(word, rising[word]) for word in ranked[:most]]


def _texts_with(texts: Iterable[str]) -> Counter[str]:
    # its import makes a dictionary: 0.1 s of CPU and 32 MB, for each gateway, console and coordinator
    import rjieba  # noqa: PLC0415

    counted: Counter[str] = Counter()
    for text in texts:
        cut = {word.strip() for word in rjieba.cut(folded(text[:MOST_RUN]))}
        counted.update(word for word in cut if len(word) >= SHORTEST and any(sign.isalnum() for sign in word))
    return counted


def near_duplicates(texts: Sequence[str]) -> list[list[int]]:
    """Returns the groups of texts that say nearly the same, as positions, the largest group first.

    Compares the first 500 texts. A text joins the group whose first text it resembles most.
    """
    firsts: list[str] = []
    groups: list[list[int]] = []
    for at, text in enumerate(texts[:MOST_COMPARED]):
        plain = folded(text[:MOST_RUN]).strip()
        if len(plain) < SHORTEST:
            continue
        like = process.extractOne(plain, firsts, scorer=fuzz.ratio, score_cutoff=ALIKE)
        if like is None:
            firsts.append(plain)
            groups.append([at])
        else:
            groups[like[2]].append(at)
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)
