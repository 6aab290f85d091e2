"""Which comments of one collection are the ones that were seen before. Pure.

A comment is told by its video, who wrote it, what, and when, as closely as that was shown: 3小时前 today
and 昨天 12:30 tomorrow may be one moment. Two rows of one collection are two comments, whatever they say.
docs/decisions/comments.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOUR = 3600
# seconds; a shown time may lie as far before its moment, or behind it
WIDTHS = {
    "second": 60,
    "minute": 60,
    "hour": _HOUR,
    "day": 24 * _HOUR,
    "week": 7 * 24 * _HOUR,
    "month": 31 * 24 * _HOUR,
    "year": 366 * 24 * _HOUR,
}
SKEW = 120  # seconds by which the clocks of two looks may differ
_EVER = timedelta(days=36_500)
_MIDDLE = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Posted:
    """When a comment was written, and how closely that is known; `at` is None when nothing could be read."""

    at: datetime | None = None
    precision: str | None = None

    @property
    def width(self) -> timedelta:
        """How far the true moment may be from `at`."""
        if self.at is None:
            return _EVER
        return timedelta(seconds=WIDTHS.get(self.precision or "", WIDTHS["year"]) + SKEW)

    @property
    def latest(self) -> datetime:
        return (self.at or _MIDDLE) + self.width

    @property
    def earliest(self) -> datetime:
        return (self.at or _MIDDLE) - self.width

    def may_be(self, other: Posted) -> bool:
        """Can both mean one moment?"""
        return self.earliest <= other.latest and other.earliest <= self.latest

    def or_closer(self, other: Posted) -> Posted:
        """Whichever of the two is known more closely; this one when both are alike."""
        return other if other.width < self.width else self


def match(known: Sequence[Posted], seen: Sequence[Posted]) -> list[int | None]:
    """For each moment seen, the place in `known` of the comment that it is; None for a new one.

    All are of one person, with one text, on one video. Each known comment is matched once at most; as
    many are matched as can be.
    """
    matched: list[int | None] = [None] * len(seen)
    free = sorted(range(len(known)), key=lambda place: (known[place].latest, place))
    for one in sorted(range(len(seen)), key=lambda place: (seen[place].latest, place)):
        place = next((place for place in free if known[place].may_be(seen[one])), None)
        if place is not None:
            matched[one] = place
            free.remove(place)
    return matched
