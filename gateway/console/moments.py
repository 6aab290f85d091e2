"""Moments and durations as people read them, in the operator's zone."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.words.catalogue import Catalogue
from workers.settings import settings


def clock(moment: datetime | None) -> str:
    """Returns a time of day like 08:00:05; empty for None."""
    return "" if moment is None else f"{moment.astimezone(settings().timezone):%H:%M:%S}"


def day(moment: datetime | None) -> str:
    """Returns a moment like 2027-01-31 08:00; empty for None."""
    return "" if moment is None else f"{moment.astimezone(settings().timezone):%Y-%m-%d %H:%M}"


def local(moment: datetime | None) -> str:
    """Returns a moment as a field for a moment takes it, like 2027-01-31T08:00; empty for None."""
    return "" if moment is None else f"{moment.astimezone(settings().timezone):%Y-%m-%dT%H:%M}"


def moment_in(text: object) -> datetime | None:
    """Returns the moment that a text of the evidence tells, which is written in UTC; None when it tells none."""
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def lasting(words: Catalogue, start: datetime | None, end: datetime | None) -> str:
    """Returns the time between two moments in its largest unit; empty when one is not known."""
    if start is None or end is None:
        return ""
    seconds = max(0.0, (end - start).total_seconds())
    for unit, length in (("{count} d", 86_400), ("{count} h", 3600), ("{count} min", 60)):
        if seconds >= length:
            return words.text(unit, count=int(seconds // length))
    return words.text("{count} s", count=int(seconds))
