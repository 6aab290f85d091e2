"""A database or a Redis that stands still: nothing lost, nothing done twice, and everything goes on when it thaws."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.tasks.states import State
from tests.support.fleet import Fleet
from tests.support.freeze import frozen, outlast
from tests.support.servers import MariaDB, Redis
from tests.support.work import comments, each_once, said
from workers.planting.submit import submit

PHONES = 3
COUNT = 24
LEASE = 3.5  # what a fleet has that is not told another
LONGER = 8.0


def under_way(fleet: Fleet) -> bool:
    """Some is done, and some runs."""
    states = fleet.states("directed")
    return states.get(State.SUCCEEDED, 0) >= 3 and states.get(State.RUNNING, 0) >= 1


@pytest.mark.fleet
def test_database_that_hangs_longer_than_the_lease(
    tmp_path: Path, mariadb_server: MariaDB, mariadb_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path, mariadb_database, empty_redis_url, PHONES) as fleet:
        handle = submit(comments(fleet, COUNT), name="hung database", seed=1, engine=fleet.engine)
        fleet.wait(lambda: under_way(fleet), 60, "the campaign to be under way")
        with frozen(mariadb_server.pid) as since:
            outlast(since, LEASE + 0.5)
            touched = fleet.touches()
            outlast(since, LEASE + 4.5)
            assert fleet.touches() == touched  # whoever lost the lease keeps its hands off the phone

        assert handle.wait(120) == "succeeded"
        assert said(fleet) == each_once(COUNT)
        assert fleet.differences() == []
        assert "lost" in {attempt.outcome for attempt in fleet.attempts()}


@pytest.mark.fleet
def test_database_that_hangs_for_less_than_the_lease_costs_no_attempt(
    tmp_path: Path, mariadb_server: MariaDB, mariadb_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path, mariadb_database, empty_redis_url, PHONES, PHONEFLEET_LEASE="30") as fleet:
        handle = submit(comments(fleet, COUNT), name="slow database", seed=1, engine=fleet.engine)
        fleet.wait(lambda: under_way(fleet), 60, "the campaign to be under way")
        with frozen(mariadb_server.pid) as since:
            outlast(since, 3)  # half of what a read waits for its answer

        assert handle.wait(120) == "succeeded"
        assert said(fleet) == each_once(COUNT)
        assert fleet.differences() == []
        assert {attempt.outcome for attempt in fleet.attempts()} == {"succeeded"}


@pytest.mark.fleet
def test_redis_that_hangs_longer_than_the_lease_costs_no_attempt(
    tmp_path: Path, redis_server: Redis, sqlite_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path, sqlite_database, empty_redis_url, PHONES, PHONEFLEET_LEASE=str(LONGER)) as fleet:
        handle = submit(comments(fleet, COUNT), name="hung Redis", seed=1, engine=fleet.engine)
        fleet.wait(lambda: under_way(fleet), 60, "the campaign to be under way")
        with frozen(redis_server.pid) as since:
            fleet.wait(lambda: not fleet.states("directed").get(State.RUNNING), 60, "what runs to end without Redis")
            outlast(since, 1.5 * LONGER)

        assert handle.wait(120) == "succeeded"
        assert said(fleet) == each_once(COUNT)
        assert fleet.differences() == []
        assert {attempt.outcome for attempt in fleet.attempts()} == {"succeeded"}
