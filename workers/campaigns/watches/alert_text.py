"""Words an alert of a watch: numbers, words and trends, and no name of a commenter and no comment. Pure.

Alerts go to group chats and stay there, where neither retention nor an erasure reaches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.policy.monitoring.texts import near_duplicates, trends

MOST_WORDS = 5
NOUNS = {"monitor_post": "comments", "monitor_account": "videos", "monitor_keyword": "videos"}


@dataclass(frozen=True, slots=True)
class Found:
    """What an alert tells of: `number` items that count, and the texts of those that are still kept."""

    name: str
    flow: str
    params: Mapping[str, Any]
    why: str
    words: Sequence[str]
    texts: Sequence[str]
    before: Sequence[str]
    number: int


def alert_text(found: Found) -> tuple[str, dict[str, Any]]:
    """Returns the alert's text and its details."""
    words = Counter(found.words).most_common(MOST_WORDS)
    rising = trends(found.texts, found.before)
    copies = near_duplicates(found.texts)
    noun = NOUNS[found.flow]
    count = f"1 new {noun.removesuffix('s')} counts" if found.number == 1 else f"{found.number} new {noun} count"
    told = [f"{found.name}: {count} ({found.why})", _subject(found.params)]
    if words:
        told.append("words: " + ", ".join(f"{word} {count}" for word, count in words))
    if rising:
        told.append("rising: " + ", ".join(f"{word} {count}" for word, count in rising))
    if copies:
        told.append(f"{sum(map(len, copies))} of them are nearly alike, in {len(copies)} groups")
    details = {
        "count": found.number,
        "why": found.why,
        "words": dict(words),
        "rising": dict(rising),
        "alike": [len(group) for group in copies],
    }
    return "; ".join(told), details


def _subject(params: Mapping[str, Any]) -> str:
    named = [str(params[name]) for name in ("keyword", "author_id", "title") if name in params]
    return " · ".join(named)
