"""What the tests of the host share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from redis import Redis as Client

from tests.support.host.shelf import WAIT, Shelf
from tests.support.poll import wait_until
from tests.support.servers import Redis
from workers.host.roster import Roster
from workers.runtime.slots import SlotState, own_slot


@pytest.fixture
def host_redis(redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> str:
    """An emptied Redis at which the processes of a test are pointed, with tests.support.host.sample_tasks as tasks."""
    with Client.from_url(redis_server.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)  # a worker killed a moment ago may still be served
        client.flushall()
    monkeypatch.setenv("PHONEFLEET_REDIS_URL", redis_server.url)
    monkeypatch.setenv("PHONEFLEET_TASKS", "tests.support.host.sample_tasks")
    return redis_server.url


@pytest.fixture(scope="module")
def lasting_zygote(redis_server: Redis) -> Iterator[Shelf]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PHONEFLEET_REDIS_URL", redis_server.url)
        environment.setenv("PHONEFLEET_TASKS", "tests.support.host.sample_tasks")
        shelf = Shelf([], redis_server.url)
        yield shelf
        shelf.close()


@pytest.fixture
def one_worker(lasting_zygote: Shelf, host_redis: str) -> Iterator[Shelf]:
    """A single worker, for the phone A; the test may end it, but not its zygote, which the tests of a module share."""
    identity = lasting_zygote.fork("A", 0)
    lasting_zygote.identities = {"A": identity}
    lasting_zygote.wait_consuming()
    yield lasting_zygote
    lasting_zygote.kill(identity)


@pytest.fixture(scope="module")
def lasting_worker() -> Iterator[Shelf]:
    with Redis() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PHONEFLEET_REDIS_URL", server.url)
        environment.setenv("PHONEFLEET_TASKS", "tests.support.host.sample_tasks")
        shelf = Shelf(["A"], server.url)
        yield shelf
        shelf.close()


@pytest.fixture
def same_worker(lasting_worker: Shelf) -> Shelf:
    """A single worker, for the phone A, which the tests of a module share and must leave alive and idle."""
    slot = lasting_worker.identities["A"].slot
    wait_until(lambda: slot.state is SlotState.IDLE, WAIT, "the worker to be idle")
    lasting_worker.traces.redis.flushall()
    return lasting_worker


@pytest.fixture
def roster() -> Roster:
    """The roster of a host with three slots."""
    numbers = itertools.count(1)
    return Roster("shelf", 5038, [own_slot() for _ in range(3)], new_incarnation=lambda: f"i{next(numbers)}")
