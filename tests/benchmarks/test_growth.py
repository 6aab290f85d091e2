"""The benchmark of growth: what it seeds, and a round of its work in a small ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine, Select, func, select

from benchmarks.growth import FLOOR_MS, ratio
from benchmarks.growth_round import ACTING, PHONES, READING, Fleet, Meter
from benchmarks.growth_seed import ACTION_EVERY, CAMPAIGN, grow
from models.database.engine import connect
from models.tables import ActionRow, Attempt, Campaign, StateChange, Task
from models.transactions.read_write import read
from tests.support.ledger.copied import make_tables
from tests.support.ledger.drive import rows_in
from tests.support.servers import MariaDB
from workers.runtime.broker import broker

TASKS = 600


@pytest.fixture(scope="module")
def grown(mariadb_server: MariaDB) -> Iterator[Engine]:
    """A ledger of some ended tasks."""
    with mariadb_server.database() as url:
        engine = connect(url)
        make_tables(engine)
        grow(engine, TASKS, 0)
        yield engine
        engine.dispose()


def ended_of(engine: Engine) -> set[str]:
    return set(read(engine, lambda session: session.scalars(select(Task.state).distinct()).all()))


def count(engine: Engine, wanted: Select[int]) -> int:
    return read(engine, lambda session: session.scalar(wanted)) or 0


def test_a_round_leaves_only_ended_tasks_and_measures_each_step(grown: Engine, redis: Redis, redis_url: str) -> None:
    seeded = [TASKS, TASKS, TASKS // ACTION_EVERY, TASKS]
    assert [rows_in(grown, one) for one in (Task, Attempt, ActionRow, StateChange)] == seeded
    assert ended_of(grown) == {"succeeded", "failed", "stopped"}
    meter = Meter(grown)
    fleet = Fleet(grown, redis, meter, broker(redis_url))
    fleet.work()
    meter.counts = True
    fleet.work()
    meter.close()
    assert rows_in(grown, Task) == TASKS + 2 * (READING + ACTING)
    assert ended_of(grown) == {"succeeded", "failed", "stopped"}
    assert rows_in(grown, ActionRow) == TASKS // ACTION_EVERY + 2 * ACTING
    assert len(meter.seconds["claim"]) == READING
    assert len(meter.seconds["claim, caps"]) == ACTING
    assert set(meter.rows) == set(meter.seconds)
    assert sum(meter.rows["list tasks"]) > 0
    assert sum(name.startswith("janitor ") for name in meter.rows) == len(fleet.jobs)
    assert ACTING <= PHONES >= READING


def test_seeded_rows_belong_together_and_lie_in_the_past(grown: Engine) -> None:
    of_task = select(func.count()).select_from(Attempt).join(Task, Task.id == Attempt.task_id)
    seeded = Attempt.incarnation == "worker"
    assert count(grown, of_task.where(seeded, Attempt.phone_serial == Task.phone_serial)) == TASKS
    assert count(grown, of_task.where(seeded, Attempt.ended_at > func.now())) == 0
    acted = select(func.count()).select_from(ActionRow).join(Task, Task.id == ActionRow.task_id)
    assert count(grown, acted.where(ActionRow.incarnation == "worker")) == TASKS // ACTION_EVERY
    closed = (
        select(func.count()).select_from(Campaign).where(Campaign.name == Campaign.id, Campaign.ended_at.is_not(None))
    )
    assert count(grown, closed) == TASKS // CAMPAIGN


@pytest.mark.parametrize(
    ("small", "large", "by"),
    [
        ([0.010, 0.020, 0.030], [0.030, 0.030, 0.030], 1.5),
        ([0.0001], [FLOOR_MS / 2000], 1),
        ([0.0001], [FLOOR_MS * 2 / 1000], 2),
    ],
)
def test_what_takes_less_than_the_floor_does_not_grow(small: list[float], large: list[float], by: float) -> None:
    assert ratio((small, large)) == pytest.approx(by)
