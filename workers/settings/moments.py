"""Reads a time that a person wrote: in the operator's zone, unless it names one."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from models.values.calendar import FIRST_YEAR, LAST_YEAR, in_calendar
from models.values.refused import refuse
from workers.settings.declaration import settings


def read_moment(field: str, text: str) -> datetime | None:
    """Returns the time that a field gives; None for an empty text. Raises Refused."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refuse(field, f"{text!r} is no time", "write it like 2027-01-31T08:00") from None
    if not in_calendar(moment):
        reason = f"the year {moment.year} is outside {FIRST_YEAR} to {LAST_YEAR}"
        raise refuse(field, reason, "write it like 2027-01-31T08:00")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=settings().timezone)


def read_span(since: tuple[str, str], until: tuple[str, str]) -> tuple[datetime | None, datetime | None]:
    """Returns the bounds of a span of time, each from its field's name and text. Raises Refused."""
    begin, end = read_moment(*since), read_moment(*until)
    if begin is not None and end is not None and end < begin:
        raise refuse(until[0], "it is before since", "give a later time, or leave one out")
    return begin, end


_LASTING = re.compile(r"(\d{1,6})\s*(m|min|h|d)?")
_UNITS = {"": timedelta(minutes=1), "m": timedelta(minutes=1), "min": timedelta(minutes=1)} | {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def read_lasting(field: str, text: str) -> timedelta | None:
    """Returns how long something lasts: 30, 30m, 2h or 1d; None for an empty text. Raises Refused."""
    if not text:
        return None
    found = _LASTING.fullmatch(text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise refuse(field, f"{text!r} is no length of time", "write it like 30m, 2h or 1d")
    return int(found[1]) * _UNITS[found[2] or ""]


def read_end(now: datetime, lasting: tuple[str, str], until: tuple[str, str]) -> datetime | None:
    """Returns when something ends: after a length of time, or at a time; None without both.

    Each is the field's name and its text. Raises Refused, also for both.
    """
    span, moment = read_lasting(*lasting), read_moment(*until)
    if span is not None and moment is not None:
        raise refuse(f"{lasting[0]}, {until[0]}", "both are given", "give one of them")
    return moment if span is None else now + span


def whole_days(now: datetime, *, week: bool) -> tuple[datetime, datetime]:
    """Returns the bounds of yesterday, or of this week from Monday until midnight, by the operator's days."""
    day = now.astimezone(settings().timezone).date()
    first = day - timedelta(days=day.weekday() if week else 1)
    after = day + timedelta(days=1) if week else day
    begin, end = (datetime.combine(one, time(), settings().timezone) for one in (first, after))
    return begin, end
