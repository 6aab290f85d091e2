"""The Retry-After header, as both sides read it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_ASKED = 86400.0  # seconds that a receiver may ask for


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Returns the seconds that a Retry-After header asks for, at most a day; None without a valid header."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_ASKED)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_ASKED)
