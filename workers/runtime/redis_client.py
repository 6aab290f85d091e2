"""Clients of the Redis that carries tickets: of one server, or of the primary that its Sentinels name at the moment."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.asyncio import ConnectionPool as AsyncPool
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelPool
from redis.sentinel import Sentinel, SentinelConnectionPool

from workers.settings.sentinels import ASKING, Sentinels, sentinels


def redis_client(url: str, *, single: bool = False, **options: Any) -> Redis:
    """Returns a client; connects at its first command. `options` are redis-py's for a connection.

    `single`: over one connection, which is not replaced before somebody notices that it was lost.
    """
    asked = sentinels(url)
    if asked is None:
        return Redis.from_url(url, single_connection_client=single, **options)
    watching = Sentinel(asked.places, sentinel_kwargs=dict(ASKING))  # type: ignore[no-untyped-call]
    pool = SentinelConnectionPool(asked.master, watching, **_server(asked), **options)  # type: ignore[no-untyped-call]
    client = Redis(connection_pool=pool, single_connection_client=single)
    client.auto_close_connection_pool = True  # nobody else has this pool
    return client


def async_pool(url: str, **options: Any) -> AsyncPool:
    """Returns a pool of connections for an event loop. `options` are redis-py's for a pool and its connections."""
    asked = sentinels(url)
    if asked is None:
        return AsyncPool.from_url(url, **options)
    watching = AsyncSentinel(asked.places, sentinel_kwargs=dict(ASKING))  # type: ignore[no-untyped-call]
    return AsyncSentinelPool(asked.master, watching, **_server(asked), **options)  # type: ignore[no-untyped-call]


def _server(asked: Sentinels) -> dict[str, Any]:
    return {"db": asked.database, "username": asked.username, "password": asked.password}
