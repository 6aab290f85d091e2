"""A schedule across a coordinator's death in the middle of planting, and a clock that jumps: real processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.tables import Task
from tests.support.coordinators import Coordinators, coordinators_of, missing
from tests.support.ledger.drive import rows_in
from tests.support.watches import ZONE, add, looks, post, watch_row
from workers.campaigns.due import schedule_of


@pytest.fixture
def coordinators(ledger: Engine, redis_url: str, tmp_path: Path) -> Iterator[Coordinators]:
    with coordinators_of("watches", ledger, redis_url, tmp_path, partial(looks, ledger)) as made:
        yield made


@pytest.mark.parametrize("shared_ledger", ["sqlite"], indirect=True)
def test_no_due_time_is_missed_and_none_doubled(ledger: Engine, coordinators: Coordinators) -> None:
    watch = add(ledger, post())
    schedule, now = schedule_of(watch, ZONE), watch.created_at
    coordinators.set_clock(now)
    first = coordinators.start()
    coordinators.wait_for(1)
    coordinators.start()
    for number in (2, 3):
        now = watch_row(ledger, watch.id).next_due
        coordinators.set_clock(now)
        coordinators.wait_for(number)

    now = watch_row(ledger, watch.id).next_due
    coordinators.kill_while_planting(first, now)
    assert coordinators.wait_for(4)[-1].due == schedule.last(now - schedule.jitter)
    now = coordinators.jump(schedule, now)

    done = looks(ledger)
    assert max(Counter(one.due for one in done).values()) == 1
    assert missing(schedule, watch.created_at, now, done[1:]) == []
    assert [one.outcome for one in done] == ["planted", *["skipped"] * (len(done) - 1)]  # the first look never ended
    assert rows_in(ledger, Task) == 1
    assert [one.poll() is None for one in coordinators.running] == [False, True]
