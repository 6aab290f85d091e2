"""Tickets: the Celery messages that say "this task is ready". Publishing them, and counting those in Redis.

A ticket is an ordinary Celery message: its task is the flow's name, its id the task's id, without arguments, so that
Flower shows the flow by name; what Flower shows as arguments are words for people. (That of a lane of callbacks names
the lane, its customer and a number.) It goes through the default exchange straight to its queue's list: kombu's tables
of bindings, which a FLUSHALL takes away, are not asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from celery import Celery
from kombu.exceptions import BatchPublishError, OperationalError
from redis import Redis
from redis.exceptions import RedisError
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from models.transactions.retry import retried

TURN_STEP = 1  # of a customer's turn, while several wait
STEPS: Sequence[int] = (0, TURN_STEP, 3, 6, 9)
BATCH = 200
TRIES = 3
NOT_TAKEN = (BatchPublishError, OperationalError, RedisError, OSError)  # raised while Redis is away
NUMBER = "ticket"  # the header with a ticket's number
_STEP_MARK = "\x06\x16"  # kombu: queue, mark, step; step 0 has neither mark nor number
UNACKED = "unacked"
_WINDOW = 1000


class NotPublished(Exception):
    """Redis did not take the tickets; some may have arrived. The ledger still owes them: ring again later."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Says that a task is ready. `priority` is 0 (urgent) to 9 (low); `expires` seconds from now, None for never."""

    task_id: str
    name: str
    queue: str
    priority: int
    expires: float | None = None
    args: tuple[str | int, ...] = ()
    shown: str = ""  # what Flower shows as its arguments; read by nobody else
    number: int | None = None  # of the task's tickets: one that was taken back since runs nothing


def publish(app: Celery, tickets: Iterable[Ticket], *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Sends tickets in batches over one connection. Returns their number. Raises NotPublished after 3 tries a batch.

    `go_on` is asked before a batch is tried again: in vain, when somebody found out meanwhile that Redis is away.

    A batch that failed is sent again as a whole: a ticket that arrives twice does nothing twice.
    """
    waiting = list(tickets)
    for start in range(0, len(waiting), BATCH):
        _publish_batch(app, waiting[start : start + BATCH], go_on)
    return len(waiting)


def _publish_batch(app: Celery, tickets: Sequence[Ticket], go_on: Callable[[], bool]) -> None:
    def once() -> None:
        with app.producer_or_acquire() as producer, producer.batch(BATCH):
            for ticket in tickets:
                _send(app, producer, ticket)

    def gives_up(state: RetryCallState) -> bool:
        return state.attempt_number >= TRIES or not go_on()

    try:
        retried(lambda: Retrying(retry=retry_if_exception_type(NOT_TAKEN), stop=gives_up, reraise=True), once)
    except NOT_TAKEN as error:
        raise NotPublished(f"{len(tickets)} tickets: {error}") from error


def _send(app: Celery, producer: Any, ticket: Ticket) -> None:
    app.send_task(
        ticket.name,
        args=ticket.args,
        task_id=ticket.task_id,
        queue=ticket.queue,  # and no exchange: Celery then takes the default one, whose routing key is the queue
        declare=[],
        priority=ticket.priority,
        expires=ticket.expires,
        kwargsrepr=ticket.shown or None,
        headers=None if ticket.number is None else {NUMBER: ticket.number},
        producer=producer,
        ignore_result=True,
        add_to_parent=False,
        retry=False,  # the batch is the unit that is tried again
    )


def list_keys(queue: str) -> list[str]:
    """Returns the Redis lists of a queue, in the order in which they are served."""
    return [queue if step == 0 else f"{queue}{_STEP_MARK}{step}" for step in STEPS]


def queue_lengths(redis: Redis, queues: Sequence[str]) -> Mapping[str, int]:
    """Returns the number of tickets that wait in each queue. Raises redis.RedisError."""
    with redis.pipeline(transaction=False) as pipe:
        for queue in queues:
            for key in list_keys(queue):
                pipe.llen(key)
        lengths = pipe.execute()
    steps = len(STEPS)
    return {queue: sum(lengths[at * steps : (at + 1) * steps]) for at, queue in enumerate(queues)}


def queued_ids(redis: Redis, queues: Sequence[str]) -> Mapping[str, set[str]]:
    """Returns the task ids whose ticket waits in each queue; under `unacked` those that workers hold.

    Read in windows, so tickets that move meanwhile may be missed or seen twice: a ticket missed is
    rung once more, which does nothing twice. Raises redis.RedisError.
    """
    found = {queue: {_task_id(raw) for key in list_keys(queue) for raw in _windows(redis, key)} for queue in queues}
    held = (json.loads(raw)[0] for _, raw in redis.hscan_iter(UNACKED, count=_WINDOW))
    found[UNACKED] = {str(message["headers"]["id"]) for message in held}
    return found


def _windows(redis: Redis, key: str) -> Iterable[bytes]:
    start = 0
    while window := cast("list[bytes]", redis.lrange(key, start, start + _WINDOW - 1)):
        yield from window
        start += _WINDOW


def _task_id(raw: bytes) -> str:
    return str(json.loads(raw)["headers"]["id"])


def put_back(app: Celery, tags: Iterable[str], spent: Iterable[str] = ()) -> None:
    """Returns dead workers' tickets to the heads of their queues, but those that are `spent` to none.

    Does nothing for one that was acknowledged. Over a connection of its own: kombu's pool keeps one that broke, and
    never mends it for a bare channel. Raises kombu.exceptions.OperationalError and redis.RedisError.
    """
    with app.connection_for_write() as connection, connection.channel() as channel:
        for tag in spent:
            channel.qos.reject(tag)
        for tag in tags:
            channel.qos.restore_by_tag(tag, leftmost=True)
