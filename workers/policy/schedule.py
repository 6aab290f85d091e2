"""The times at which a watch looks, or a campaign is planted: every so many minutes, or by a cron line. Pure.

A due time is a moment, so a clock that jumps changes only which due times have come, never which there are. What is due
is planted at its due time plus a jitter of its own, which spreads what has one schedule over time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from models.values.refused import refuse

MOST_MINUTES = 7 * 24 * 60
MOST_JITTER = timedelta(minutes=1)  # of a cron line: whoever writes 08:00 expects it then
MOST_MISSED = 100  # that are counted one by one, of a cron line
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """The latest due time that has come, and the number of due times since `after` that it stands for beside itself."""

    at: datetime
    missed: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due. `every`: minutes; else `cron`, in `zone`. `key` decides the jitter."""

    every: int | None
    cron: str | None
    zone: ZoneInfo
    key: str

    @property
    def jitter(self) -> timedelta:
        """Returns how long after each due time it is planted: always the same for one key."""
        most = MOST_JITTER if self.every is None else timedelta(minutes=self.every)
        share = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:4], "big") / 2**32
        return timedelta(seconds=int(most.total_seconds() * share))

    def next(self, after: datetime) -> datetime:
        """Returns the first due time later than a moment. Raises Refused when a cron line never comes."""
        if self.every is not None:
            step = timedelta(minutes=self.every)
            return EPOCH + ((after - EPOCH) // step + 1) * step
        try:
            return next(CronSim(str(self.cron), after.astimezone(self.zone))).astimezone(UTC)
        except StopIteration:
            raise _never(str(self.cron)) from None

    def last(self, until: datetime) -> datetime | None:
        """Returns the last due time that is not later than a moment; None when a cron line had none."""
        if self.every is not None:
            step = timedelta(minutes=self.every)
            return EPOCH + (until - EPOCH) // step * step
        local = (until + timedelta(minutes=1)).astimezone(self.zone)
        for moment in CronSim(str(self.cron), local, reverse=True):
            due = moment.astimezone(UTC)
            if due <= until:
                return due
        return None

    def due(self, now: datetime, after: datetime) -> Due | None:
        """Returns the due time to plant now, which stands for all that were missed; None when none came since."""
        latest = self.last(now - self.jitter)
        if latest is None or latest <= after:
            return None
        return Due(latest, self._between(after, latest))

    def _between(self, after: datetime, latest: datetime) -> int:
        """Returns how many due times lie between both, at most 100 of a cron line."""
        if self.every is not None:
            return (latest - self.next(after)) // timedelta(minutes=self.every)
        missed, at = 0, self.next(after)
        while at < latest and missed < MOST_MISSED:
            missed, at = missed + 1, self.next(at)
        return missed

    def gap(self, at: datetime) -> timedelta:
        """Returns the time from a due time to the next."""
        return self.next(at) - at


def check_schedule(every: int | None, cron: str | None) -> None:
    """Raises Refused unless exactly one of both is given, and makes sense."""
    if (every is None) == (cron is None):
        raise refuse("every", "a schedule has so many minutes, or a cron line", "give one of both")
    if every is not None and not 1 <= every <= MOST_MINUTES:
        raise refuse("every", f"{every} minutes", f"give 1 to {MOST_MINUTES} minutes")
    if cron is not None:
        try:
            next(CronSim(cron, datetime.now(UTC)))
        except CronSimError as error:
            raise refuse("cron", f"{cron!r} is no cron line: {error}", "write it like 0 8-20 * * MON-FRI") from None
        except StopIteration:
            raise _never(cron) from None
        if len(cron.split()) != 5:
            raise refuse("cron", f"{cron!r} has seconds", "once a minute is the most: write five fields")


def _never(cron: str) -> Exception:
    return refuse("cron", f"{cron!r} never comes", "write a day that exists")


def due_now(schedule: Schedule, now: datetime, last_due: datetime | None, since: datetime) -> Due | None:
    """Returns the due time to plant now; None when none is due.

    Without a last due time the first one is due at once, at `since`. When it comes late, it stands for the due times
    that have come since then as well, as every late one does. A last due time that lies ahead means that the clock
    was put back: then the due time that has come by now counts, and the caller plants it unless that was done before.
    """
    if last_due is None:
        late = schedule.due(now, since)
        return Due(since, 0) if late is None else Due(late.at, late.missed + 1)
    if last_due <= now:
        return schedule.due(now, last_due)
    latest = schedule.last(now - schedule.jitter)
    return None if latest is None else Due(latest, 0)
