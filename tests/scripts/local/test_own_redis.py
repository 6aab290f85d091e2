"""A Redis of the operator's own, over TLS, for a user with the documented rights: the fleet's work goes through."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from flower.utils.broker import Broker as FlowersBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.access.replay_guard import ReplayStore
from gateway.access.shared_rate import SharedRate
from scripts.commands import doctor
from scripts.local.redis_rights import user_line
from tests.support.documents import blocks
from tests.support.gateway.certificates import certificate
from tests.support.kombu_use import do_all_of_kombu
from tests.support.tls_redis import PASSWORD, USER, TlsRedis
from workers.runtime.broker import Broker
from workers.settings.servers import redis_tls

UNVERIFIED = r"(?i)certificate verify failed"
REFUSED = (
    "EVAL 'return 1' 0",
    "CONFIG GET *",
    "FLUSHALL",
    "KEYS *",
    "ACL LIST",
    "MODULE LIST",
    "PFADD k x",
)


@pytest.fixture(scope="module")
def server() -> Iterator[TlsRedis]:
    """With the user that docs/operations.md tells operators to make."""
    (line,) = (
        one for block in blocks("docs/operations.md") for one in block.text.splitlines() if one.startswith("user fleet")
    )
    assert line == user_line(USER, "PASSWORD")
    with TlsRedis(line.replace("PASSWORD", PASSWORD)) as running:
        yield running


def test_kombu_does_all_of_its_work(server: TlsRedis) -> None:
    do_all_of_kombu(server.url())


def test_coordinator_workers_and_gateway_reach_it(server: TlsRedis) -> None:
    broker = Broker(server.url())
    assert broker.look()
    broker.close()
    store = ReplayStore(server.url())
    assert [store.first_time("key", "request") for _ in range(2)] == [True, False]

    async def count() -> list[int]:
        rate = SharedRate(server.url())
        told = [await rate.take("key", 0.01) for _ in range(2)]
        await rate.close()
        return told

    assert asyncio.run(count()) == [0, 100]


@pytest.mark.parametrize("command", REFUSED)
def test_what_tickets_do_not_need_is_off(server: TlsRedis, command: str) -> None:
    with (
        redis.Redis.from_url(server.url(), retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.execute_command(*shlex.split(command))


def celery_for(url: str) -> Celery:
    app = Celery("tls", set_as_current=False)
    app.config_from_object("celeryconfig")
    app.conf.update(broker_url=url, broker_use_ssl=redis_tls(url))
    return app


def connects(url: str) -> Any:
    with celery_for(url).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=10)
        return connection.default_channel.client.ping()


def flower_looks(url: str) -> Any:
    flowers: Any = FlowersBroker(url, broker_use_ssl=redis_tls(url))
    return asyncio.run(flowers.queues(["pool"]))


def test_celery_and_flower_check_the_certificate(server: TlsRedis, tmp_path: Path) -> None:
    assert connects(server.url())
    _, stranger = certificate(tmp_path, "127.0.0.1")
    without = server.url().partition("?")[0]
    for url in (server.url(authority=stranger), server.url(host="127.1"), without):
        with pytest.raises(Exception, match=UNVERIFIED):
            connects(url)
        with pytest.raises(redis.ConnectionError, match=UNVERIFIED):
            flower_looks(url)
        with (
            redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client,
            pytest.raises(redis.ConnectionError, match=UNVERIFIED),
        ):
            client.ping()
    assert flower_looks(server.url()) == [{"name": "pool", "messages": 0}]


def test_doctor_finds_it_and_has_no_advice(server: TlsRedis, tmp_path: Path) -> None:
    env = {"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_REDIS_URL": server.url()}
    checks = {check.name: check for check in doctor.examine(env)}
    assert checks["Redis"].ok
    assert checks["Connection to Redis"].ok
