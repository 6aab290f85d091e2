"""What tests of the gateway share: the gateway itself and receivers, on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.support.fleet import reach_redis
from tests.support.gateway.api_server import Api, listening
from tests.support.gateway.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback that keeps what it is sent."""
    with Receiver() as made:
        yield made


@pytest.fixture(scope="session")
def shared_api(shared_ledger: Engine, redis_url: str) -> Iterator[Api]:
    """The gateway on loopback, on each database. Started once: its threads cost more than most tests."""
    reach_redis(redis_url)
    with listening(shared_ledger) as made:
        yield made


@pytest.fixture
def api(shared_api: Api, ledger: Engine, redis_url: str, master_key: str) -> Api:
    """The gateway, on an empty ledger."""
    reach_redis(redis_url)
    return shared_api
