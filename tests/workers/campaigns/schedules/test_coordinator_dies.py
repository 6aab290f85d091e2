"""A scheduled campaign across a coordinator's death while it plants, and a clock that jumps: real processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.tables import Campaign
from tests.support.coordinators import Coordinators, coordinators_of, missing
from tests.support.ledger.drive import known_account, owned_author, rows_in
from tests.support.schedules import FILE, ZONE, add, came, row
from workers.campaigns.due import schedule_of


@pytest.fixture
def coordinators(ledger: Engine, redis_url: str, tmp_path: Path) -> Iterator[Coordinators]:
    with coordinators_of("schedules", ledger, redis_url, tmp_path, partial(came, ledger)) as made:
        yield made


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_no_due_time_is_missed_and_none_doubled(ledger: Engine, coordinators: Coordinators) -> None:
    owned_author(ledger)
    known_account(ledger, "acc1")
    schedule = add(ledger, FILE)
    times, now = schedule_of(schedule, ZONE), schedule.next_due
    coordinators.set_clock(schedule.created_at)
    first = coordinators.start()
    coordinators.kill_while_planting(first, now)
    coordinators.start()
    assert coordinators.wait_for(1)[-1].due == times.last(now - times.jitter)
    now = coordinators.jump(times, row(ledger, schedule).next_due)

    done = came(ledger)
    assert max(Counter(one.due for one in done).values()) == 1
    assert missing(times, schedule.created_at, now, done) == []
    assert sorted({one.outcome for one in done}) == ["planted", "skipped"]  # the first campaign never ended
    assert rows_in(ledger, Campaign) == 1
    assert [one.poll() is None for one in coordinators.running] == [False, True]
