"""Reads `until_complete` of a campaign file: a time of the day, or a day and a time, in the operator's zone. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST = timedelta(days=31)


def until(told: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Returns the moment that is meant, as seen from `now`; a time of the day means the next one.

    Raises ValueError for a moment that is over, or more than 31 days away.
    """
    if len(told) == len("23:00"):
        local = now.astimezone(zone)
        moment = datetime.combine(local.date(), time.fromisoformat(told), zone)
        return moment if moment > now else datetime.combine(local.date() + timedelta(days=1), moment.time(), zone)
    moment = datetime.fromisoformat(told)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    if moment <= now:
        raise ValueError(f"{told} is over")
    if moment > now + LONGEST:
        raise ValueError(f"{told} is more than {LONGEST.days} days away")
    return moment
