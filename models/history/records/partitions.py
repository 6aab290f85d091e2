"""The months of the records on MariaDB and MySQL: made ahead, and dropped whole when they are old.

Both change the table, so `phonefleet migrate` does it, with the user that may. The partition `later` takes what ends
while no month is made for it; making the month moves these rows. SQLite has no partitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

AHEAD = 13  # months, the present one included: whoever runs `phonefleet migrate` once a year has them
LATER = "later"
LOCK_SECONDS = 5  # of waiting for transactions that read the table; whoever comes after this one waits as well

_PARTITIONS = text(
    "SELECT partition_name FROM information_schema.partitions "
    "WHERE table_schema = DATABASE() AND table_name = 'records' AND partition_name IS NOT NULL"
)


def month_name(moment: datetime) -> str:
    """Returns the name of a month's partition: m202701."""
    return f"m{moment:%Y%m}"


def month_after(moment: datetime) -> datetime:
    """Returns the beginning of the month after this moment, in UTC."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def missing_months(names: Sequence[str], now: datetime) -> list[tuple[str, datetime]]:
    """Returns the months to make: each one's name, and where it ends. The first takes all that was before as well."""
    made = max((name for name in names if name != LATER), default="")
    months = []
    start = now.astimezone(UTC)
    for _ in range(AHEAD):
        end = month_after(start)
        if month_name(start) > made:
            months.append((month_name(start), end))
        start = end
    return months


def old_months(names: Sequence[str], before: datetime) -> list[str]:
    """Returns the months that had ended before this moment."""
    return sorted(name for name in names if name != LATER and name < month_name(before.astimezone(UTC)))


def make_months(engine: Engine, now: datetime, *, drop_before: datetime | None = None) -> tuple[int, int]:
    """Makes the months that are missing, and drops those that ended before `drop_before`; does nothing on SQLite.

    Returns how many it made and dropped. Raises OperationalError or ProgrammingError when the user may not change
    tables, and OperationalError when a transaction keeps the table for longer than 5 s: run it again later.
    """
    if engine.dialect.name == "sqlite":
        return 0, 0
    with engine.connect() as connection:
        connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}"))
        try:
            return _change(connection, now, drop_before)
        finally:
            connection.invalidate()  # the pool shall not hand on its setting


def _change(connection: Connection, now: datetime, drop_before: datetime | None) -> tuple[int, int]:
    names = [str(name) for name in connection.scalars(_PARTITIONS)]
    months = missing_months(names, now)
    if months:
        parts = [f"PARTITION {name} VALUES LESS THAN ('{end:%Y-%m-%d}')" for name, end in months]
        parts.append(f"PARTITION {LATER} VALUES LESS THAN (MAXVALUE)")
        connection.execute(text(f"ALTER TABLE records REORGANIZE PARTITION {LATER} INTO ({', '.join(parts)})"))
    old = old_months(names, drop_before) if drop_before is not None else []
    if old:
        connection.execute(text(f"ALTER TABLE records DROP PARTITION {', '.join(old)}"))
    return len(months), len(old)
