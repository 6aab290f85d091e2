"""All that kombu does at a Redis for the fleet, done once."""

from __future__ import annotations

import importlib
from typing import Any

import celeryconfig
from workers.settings.servers import redis_tls

kombu: Any = importlib.import_module("kombu")  # it has no types


def do_all_of_kombu(url: str) -> None:
    """Tickets with priorities, their return, the lock over that, answers and events, which bind queues that expire."""
    options = celeryconfig.broker_transport_options
    with kombu.Connection(url, transport_options=options, ssl=redis_tls(url) or False) as connection:
        queue = connection.SimpleQueue("pool")
        for priority in (0, 3, 6, 9):
            queue.put({"priority": priority}, priority=priority)
        message = queue.get(timeout=10)
        assert message.payload == {"priority": 0}
        qos = message.channel.qos
        qos.visibility_timeout = -1
        qos.restore_visible(interval=1)  # takes the lock and gives it back
        assert queue.qsize() == 4
        queue.get(timeout=10).ack()
        assert queue.qsize() == 3
        queue.clear()
        queue.close()
        channel = connection.channel()
        fanout = kombu.Exchange("celery.pidbox", type="fanout")
        expiring = kombu.Queue("reply", fanout, expires=60, auto_delete=True, channel=channel)
        expiring.declare()
        with connection.Consumer([expiring], callbacks=[lambda _body, one: one.ack()], channel=channel):
            channel._binding_expiry_refreshed_at = channel._bindings_swept_at = float("-inf")
            channel.maybe_refresh_binding_expiry()
            channel.sweep_bindings()
        expiring.delete()
