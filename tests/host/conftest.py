"""What the tests of the host share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis as Client

from tests.host.shelf import Shelf
from tests.support.servers import Redis


@pytest.fixture
def host_redis(redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> str:
    """An emptied Redis at which every process that the test starts is pointed, with tests.host.errands as tasks."""
    with Client.from_url(redis_server.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)  # a worker killed a moment ago may still be served
        client.flushall()
    monkeypatch.setenv("PHONEFLEET_REDIS_URL", redis_server.url)
    monkeypatch.setenv("PHONEFLEET_TASKS", "tests.host.errands")
    return redis_server.url


@pytest.fixture
def one_worker(host_redis: str) -> Iterator[Shelf]:
    """A single worker, for the phone A."""
    shelf = Shelf(["A"], host_redis)
    yield shelf
    shelf.close()
