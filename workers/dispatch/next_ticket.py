"""Takes a queue's next ticket without Celery's consumer, for a worker that goes on by itself.

A ticket costs Celery's consumer more than its task at the desk costs the ledger. One that is taken here and not
claimed is lost to Redis; the ledger owes it, and the coordinator rings it again (workers.coordinator.lost_tickets).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from workers.dispatch.tickets import NUMBER, list_keys

log = logging.getLogger("phonefleet.dispatch")

# LMPOP came with Redis 7, and the embedded Redis is older.
_TAKE = """
for place, key in ipairs(KEYS) do
  local found = redis.call('RPOP', key)
  if found then return {place, found} end
end
return nil
"""


@dataclass(frozen=True, slots=True)
class TakenTicket:
    """A ticket that was taken off its list: its task, the name of its function, its priority and its number."""

    task_id: str
    name: str
    step: int
    number: int | None
    args: str  # as Flower shows them
    kwargs: str
    key: str  # the list that it came from
    raw: bytes


class NextTicket:
    """Takes tickets of one queue, in the order in which Celery's workers do, and puts them back where they were.

    `known` tells whether a name is that of a task whose tickets may be taken: any other message is left to Celery's
    consumer.
    """

    def __init__(self, redis: Redis, queue: str, known: Callable[[str], bool]) -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._keys = list_keys(queue)
        self._known = known
        self._allowed = True

    def take(self) -> TakenTicket | None:
        """Returns the next ticket; None when there is none, or Redis does not give it."""
        if not self._allowed:
            return None
        try:
            found: Any = self._take(keys=self._keys)
        except ResponseError as error:  # for a user without the right to it
            log.warning("each ticket comes by Celery's consumer: Redis refuses a script: %s", error)
            self._allowed = False
            return None
        except RedisError:  # the consumer tells, and waits for it
            return None
        if not found:
            return None
        key, raw = self._keys[found[0] - 1], found[1]
        ticket = _read(key, raw)
        if ticket is not None and self._known(ticket.name):
            return ticket
        self._put_back(key, raw)
        return None

    def give_back(self, ticket: TakenTicket) -> None:
        """Returns a ticket that was not claimed to the head of its list."""
        self._put_back(ticket.key, ticket.raw)

    def _put_back(self, key: str, raw: bytes) -> None:
        try:
            self._redis.rpush(key, raw)
        except RedisError as error:
            log.warning("a ticket was not put back, and is rung again: %s", error)


def _read(key: str, raw: bytes) -> TakenTicket | None:
    """Returns the ticket in a message; None for any other message, which may hold anything."""
    try:
        message = json.loads(raw)
        headers = message["headers"]
        step, number = message["properties"]["priority"], headers.get(NUMBER)
        plain = headers.get("eta") is None and headers.get("expires") is None
        words = [headers["id"], headers["task"], headers.get("argsrepr") or "", headers.get("kwargsrepr") or ""]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    numbers = isinstance(step, int) and (number is None or isinstance(number, int))
    if not plain or not numbers or not all(isinstance(word, str) for word in words):
        return None
    return TakenTicket(words[0], words[1], step, number, words[2], words[3], key, raw)
