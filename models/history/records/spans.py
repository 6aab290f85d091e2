"""Spans of time in UTC: whole hours, days and months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement

HOUR = timedelta(hours=1)
WHOLE_DAY = timedelta(days=1)
Span = tuple[datetime | None, datetime | None]  # from the first on, and before the second; None: without a bound


def whole(span: Span, step: timedelta) -> Span:
    """Returns the whole hours, or days, that lie in a span."""
    since, until = span
    first = None if since is None else floor(since, step)
    if first is not None and since is not None and first < since:
        first += step
    return first, None if until is None else floor(until, step)


def floor(moment: datetime, step: timedelta) -> datetime:
    """Returns the beginning of the moment's hour, or day."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour.replace(hour=0) if step == WHOLE_DAY else hour


def month_of(moment: datetime) -> datetime:
    """Returns the beginning of the moment's month."""
    return floor(moment, WHOLE_DAY).replace(day=1)


def is_empty(span: Span) -> bool:
    """Returns whether a span ends before it begins, or then."""
    return span[0] is not None and span[1] is not None and span[0] >= span[1]


def between(column: Any, span: Span) -> list[ColumnElement[bool]]:
    """Returns the conditions that a moment lies in the span."""
    start, end = span
    bounds: list[ColumnElement[bool]] = [column >= start] if start is not None else []
    return [*bounds, column < end] if end is not None else bounds
