"""Matches the comments of one collection with the comments that earlier collections stored. Pure.

A comment is identified by its video, author, text and time of posting. The app shows the time with limited
precision: 3小时前 today and 昨天 12:30 tomorrow may be the same moment. Two rows of one collection are always two
comments, even with equal texts. docs/decisions/comments.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOUR = 3600
# precision → the seconds by which a shown time may differ from the true moment, either way
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
    """A comment's time of posting and its precision; `at` is None when the time could not be read."""

    at: datetime | None = None
    precision: str | None = None

    @property
    def width(self) -> timedelta:
        """Returns the greatest difference between `at` and the true moment."""
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
        """Returns whether both can be the same moment."""
        return self.earliest <= other.latest and other.earliest <= self.latest

    def or_closer(self, other: Posted) -> Posted:
        """Returns the more precise of the two; this one when both are equally precise."""
        return other if other.width < self.width else self


def match(known: Sequence[Posted], seen: Sequence[Posted]) -> list[int | None]:
    """Returns for each moment in `seen` the index of its comment in `known`; None for a new comment.

    All moments are of comments with the same author and text on the same video. Each known comment is matched at
    most once, and as many as possible are matched.
    """
    matched: list[int | None] = [None] * len(seen)
    free = sorted(range(len(known)), key=lambda place: (known[place].latest, place))
    for one in sorted(range(len(seen)), key=lambda place: (seen[place].latest, place)):
        place = next((place for place in free if known[place].may_be(seen[one])), None)
        if place is not None:
            matched[one] = place
            free.remove(place)
    return matched
