"""Formats times for commands: always in the operator's zone, which the output names."""

from __future__ import annotations

from datetime import datetime

from workers.settings import settings


def stamp(moment: datetime | None) -> str:
    """Returns a time like 2027-01-31 08:00:05 in the operator's zone; empty for None."""
    return "" if moment is None else f"{moment.astimezone(settings().timezone):%Y-%m-%d %H:%M:%S}"


def named(moment: datetime) -> str:
    """Returns a time to the minute with the zone, for a sentence."""
    return f"{moment.astimezone(settings().timezone):%Y-%m-%d %H:%M} {zone()}"


def zone() -> str:
    """Returns the operator's zone, such as Asia/Shanghai."""
    return settings().timezone.key
