"""How long a worker without work waits for a ticket by one question to Redis, and how that wait is ended early.

kombu asks anew each second. So an idle worker woke, and so did Redis, once a second for nothing: with hundreds of
phones on a host that took more of its processors than anything else at rest. But a question names the queues that the
worker served when it asked.
"""

from __future__ import annotations

import logging
from typing import Any

from kombu.transport.redis import Channel
from redis.exceptions import RedisError

log = logging.getLogger("phonefleet.worker")

WAIT_SECONDS = 5  # whole: before Redis 6 it takes no other


def wait_long(connection: Any) -> None:
    """Has the channels of a connection, which must not be open yet, wait `WAIT_SECONDS` for a ticket."""
    connection.transport.brpop_timeout = WAIT_SECONDS


def ask_anew(consumer: Any) -> None:
    """Ends the wait of a consumer whose queues changed, so that its next question names those of now.

    Where Redis does not tell a connection's number (before Redis 6) or does not let this user unblock one, the wait
    ends by itself.
    """
    channel = consumer.task_consumer.channel
    if not isinstance(channel, Channel):
        return
    told = getattr(channel.client.connection, "handshake_metadata", None) or {}
    number = told.get(b"id", told.get("id"))
    if number is None:
        return
    try:
        with channel.conn_or_acquire() as client:
            client.client_unblock(number)
    except RedisError as error:
        log.debug("the wait for a ticket ends by itself: %s", error)
