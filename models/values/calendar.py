"""The calendar of moments from outside: none lies so far away that one cannot count from it."""

from __future__ import annotations

from datetime import datetime

FIRST_YEAR, LAST_YEAR = 2000, 2200


def in_calendar(moment: datetime) -> bool:
    """Returns whether a moment lies in the years that the fleet counts in."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR
