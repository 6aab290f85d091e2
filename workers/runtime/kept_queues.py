"""Keeps a worker's own queues: somebody may cancel one from outside, and its messages would wait for nobody."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from workers.runtime.ticket_wait import ask_anew

log = logging.getLogger("phonefleet.worker")

LOOK_SECONDS = 0.25  # between two looks at the queues that a worker serves


def lost_queues(consumer: Any, own: Sequence[str]) -> list[str]:
    """Returns those of a worker's own queues that its consumer serves no longer, in their order."""
    return [queue for queue in own if not consumer.task_consumer.consuming_from(queue)]


def take_back(consumer: Any, lost: Sequence[str]) -> None:
    """Serves these queues again. Called in the thread that consumes, as Celery wants it."""
    for queue in lost:
        log.warning("the queue %s was cancelled from outside; it is served again", queue)
        consumer.add_task_queue(queue)
    if lost:
        ask_anew(consumer)
