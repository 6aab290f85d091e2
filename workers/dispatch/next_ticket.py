"""Takes a queue's next ticket without Celery's consumer, for a worker that goes on by itself.

A ticket costs Celery's consumer more than its task at the desk costs the ledger. One that is taken here and not
claimed is lost to Redis; the ledger owes it, and the coordinator rings it again (workers.coordinator.lost_tickets).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from workers.dispatch.tickets import NUMBER, list_keys

log = logging.getLogger("phonefleet.dispatch")

# LMPOP came with Redis 7, and the embedded Redis is older.
_TAKE = """
local taken = {}
for place, key in ipairs(KEYS) do
  while #taken < tonumber(ARGV[1]) do
    local found = redis.call('RPOP', key)
    if not found then break end
    table.insert(taken, {place, found})
  end
end
return taken
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

    def take(self, most: int) -> Sequence[TakenTicket]:
        """Returns the next tickets, up to the first message that is none; none if Redis gives none."""
        if not self._allowed:
            return ()
        try:
            found: Any = self._take(keys=self._keys, args=[most])
        except ResponseError as error:  # for a user without the right to it
            log.warning("each ticket comes by Celery's consumer: Redis refuses a script: %s", error)
            self._allowed = False
            return ()
        except RedisError:  # the consumer tells, and waits for it
            return ()
        taken: list[TakenTicket] = []
        for at, (place, raw) in enumerate(found):
            ticket = _read(self._keys[place - 1], raw)
            if ticket is None or not self._known(ticket.name):
                self._put_back([(self._keys[other - 1], rest) for other, rest in found[at:]])
                break
            taken.append(ticket)
        return taken

    def give_back(self, tickets: Sequence[TakenTicket]) -> None:
        """Returns tickets that were not claimed to the heads of their lists, in the order in which they came."""
        self._put_back([(ticket.key, ticket.raw) for ticket in tickets])

    def _put_back(self, messages: Sequence[tuple[str, bytes]]) -> None:
        if not messages:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for key, raw in reversed(messages):
                    pipe.rpush(key, raw)
                pipe.execute()
        except RedisError as error:
            log.warning("%d tickets were not put back, and are rung again: %s", len(messages), error)


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
