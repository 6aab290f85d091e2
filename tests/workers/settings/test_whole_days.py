"""Yesterday and this week, by the operator's days."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workers.settings.moments import whole_days


@pytest.mark.parametrize(
    ("now", "week", "begin", "end"),
    [
        ("2026-05-04T01:00", False, "2026-05-02T16:00", "2026-05-03T16:00"),  # a Monday morning in Shanghai
        ("2026-05-03T17:00", False, "2026-05-02T16:00", "2026-05-03T16:00"),  # Monday there, Sunday in UTC
        ("2026-05-03T15:59", True, "2026-04-26T16:00", "2026-05-03T16:00"),
        ("2026-05-04T01:00", True, "2026-05-03T16:00", "2026-05-04T16:00"),
        ("2026-01-01T03:00", False, "2025-12-30T16:00", "2025-12-31T16:00"),
    ],
)
def test_days_begin_at_the_operators_midnight(now: str, week: bool, begin: str, end: str) -> None:
    found = whole_days(datetime.fromisoformat(now).replace(tzinfo=UTC), week=week)
    assert [f"{one.astimezone(UTC):%Y-%m-%dT%H:%M}" for one in found] == [begin, end]
