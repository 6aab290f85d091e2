"""Moments as commands print them: all in the operator's zone, which is named where they stand."""

from __future__ import annotations

from datetime import datetime

from workers.settings import settings


def stamp(moment: datetime | None) -> str:
    """2027-01-31 08:00:05 in the operator's zone; empty for none."""
    return "" if moment is None else f"{moment.astimezone(settings().timezone):%Y-%m-%d %H:%M:%S}"


def named(moment: datetime) -> str:
    """The same to the minute and with the zone, for a sentence."""
    return f"{moment.astimezone(settings().timezone):%Y-%m-%d %H:%M} {zone()}"


def zone() -> str:
    """The operator's zone, such as Asia/Shanghai."""
    return settings().timezone.key
