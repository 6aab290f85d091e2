"""What every test may ask for: throwaway servers, databases of its own on them, and a migrated ledger."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.support.garbage import nothing_to_collect
from tests.support.gateway.master_key import master_key
from tests.support.ledger.fixtures import (
    ledger,
    mariadb_ledger,
    own_mariadb_ledger,
    own_sqlite_ledger,
    redis_of_tickets,
    shared_ledger,
    working_database,
)
from tests.support.ledger.haste import do_not_wait_for_the_disk
from tests.support.ports import draw_own_ports
from tests.support.schedule import FromBothEnds, give_way
from tests.support.servers import MariaDB, Redis

__all__ = [
    "ledger",
    "mariadb_ledger",
    "master_key",
    "own_mariadb_ledger",
    "own_sqlite_ledger",
    "redis_of_tickets",
    "shared_ledger",
]

# An example that stands still for a moment is the machine's doing: no test asserts how long something took.
settings.register_profile("phonefleet", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("phonefleet")


def pytest_configure() -> None:
    """See `.schedule`, `.ports` and `.ledger.haste` of tests.support. Commands speak English whatever this locale."""
    # rehearsals take half of each host's start or more, for memory that few tests look at
    os.environ.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", PHONEFLEET_REHEARSALS="0")
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as the command has it for the parts that it starts
    os.environ.pop("PHONEFLEET_LANG", None)
    do_not_wait_for_the_disk()
    draw_own_ports()
    give_way()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """See `tests.support.garbage`: a third of the time in which each process collects the tests."""
    with nothing_to_collect():
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FromBothEnds:
    """See `tests.support.schedule`."""
    return FromBothEnds(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests first: one that begins last would leave the other processors idle."""
    items.sort(key=lambda item: item.get_closest_marker("fleet") is None)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis for this test process."""
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(redis_server: Redis) -> str:
    """Its address. What earlier tests left in it is still there; see `empty_redis_url`."""
    return redis_server.url


@pytest.fixture
def empty_redis_url(redis_server: Redis) -> str:
    """Its address, emptied."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """A MariaDB for this test process; `.database()` gives one database more."""
    with MariaDB() as server:
        yield server


@pytest.fixture
def mariadb_database(mariadb_server: MariaDB) -> Iterator[str]:
    """The URL of an empty MariaDB database of this test's own."""
    with mariadb_server.database() as url:
        yield url


@pytest.fixture
def working_mariadb(mariadb_server: MariaDB, mariadb_database: str) -> str:
    """The URL of a migrated MariaDB ledger for the user that the fleet should have: it cannot change tables."""
    return working_database(mariadb_server, mariadb_database)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """The URL of an SQLite file of this test's own, not created yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other: whatever asks for this runs on each."""
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url
