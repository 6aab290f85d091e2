"""Triages texts by mood, with word lists: it sorts what a person reads first, and decides nothing else. Pure.

A negation shortly before a word turns it round: 不好 is negative, 不错 is a word of its own. Irony, and praise of one
thing that scolds another, are beyond word lists: `measure` shows an operator how good the lists are on their own texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from ahocorasick_rs import AhoCorasick, MatchKind

from workers.policy.monitoring.mood_words import NEGATIONS, NEGATIVE, POSITIVE
from workers.policy.monitoring.words import folded

REACH = 4  # characters between a negation and the word that it turns round
MOST_RUN = 500  # characters of a text that are looked at
STOPS = frozenset("，。！？；,.!?; \n…~")  # no negation reaches beyond one of these


class Mood(StrEnum):
    """The mood that triage gives a text."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True)
class MoodWords:
    """Word lists of triage. An operator's own words are added to those that come with phonefleet."""

    negative: Sequence[str] = NEGATIVE
    positive: Sequence[str] = POSITIVE
    negations: Sequence[str] = NEGATIONS

    @cached_property
    def _weights(self) -> list[tuple[str, int]]:
        mine: dict[str, int] = {folded(word): 0 for word in self.negations}
        mine |= {folded(word): 1 for word in self.positive}
        mine |= {folded(word): -1 for word in self.negative}
        return list(mine.items())

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick([word for word, _ in self._weights], matchkind=MatchKind.LeftmostLongest)

    def score(self, text: str) -> int:
        """Returns the number of positive words less that of negative ones, negations counted in."""
        plain, total, negated_at = folded(text[:MOST_RUN]), 0, -1
        for index, begin, end in self._automaton.find_matches_as_indexes(plain):
            weight = self._weights[index][1]
            if weight == 0:
                negated_at = end
                continue
            between = plain[negated_at:begin] if 0 <= negated_at <= begin else None
            turned = between is not None and len(between) <= REACH and not STOPS.intersection(between)
            total += -weight if turned else weight
            negated_at = -1
        return total

    def mood(self, text: str) -> Mood:
        """Returns the mood of a text: that of the more frequent words."""
        score = self.score(text)
        return Mood.POSITIVE if score > 0 else Mood.NEGATIVE if score < 0 else Mood.NEUTRAL


@dataclass(frozen=True, slots=True)
class Measured:
    """How good triage is at one mood, on labelled texts. Precision and recall are None when they have no meaning."""

    labelled: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Returns which share of the texts that triage gave this mood have it."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Returns which share of the texts that have this mood triage found."""
        return self.right / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, the mood that a person gives it, and what makes it hard, as they call it: negation, irony; or nothing."""

    text: str
    mood: Mood
    mark: str = ""


def right_by_mark(words: MoodWords, sample: Iterable[Labelled]) -> Mapping[str, tuple[int, int]]:
    """Returns for each mark how many texts have it, and of how many of these triage gives the person's mood."""
    there: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in sample:
        there[one.mark] += 1
        right[one.mark] += words.mood(one.text) == one.mood
    return MappingProxyType({mark: (number, right[mark]) for mark, number in sorted(there.items())})


def measure(words: MoodWords, sample: Iterable[Labelled]) -> Mapping[Mood, Measured]:
    """Compares triage with a person's labels."""
    pairs = [(one.mood, words.mood(one.text)) for one in sample]
    return MappingProxyType(
        {
            mood: Measured(
                labelled=sum(label == mood for label, _ in pairs),
                found=sum(given == mood for _, given in pairs),
                right=sum(label == given == mood for label, given in pairs),
            )
            for mood in Mood
        }
    )
