"""A ticket that a worker takes itself: the one that Celery would have given it, and nothing that is no ticket."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from celery import group
from redis import Redis
from sqlalchemy import Engine

from tests.support.ledger.drive import change, plant, queued, ready, work
from workers.dispatch.next_ticket import NextTicket
from workers.dispatch.ring import ring_ready
from workers.dispatch.tickets import list_keys
from workers.runtime.worker_identity import DESK_QUEUE

NORMAL = list_keys(DESK_QUEUE)[3]


def taker(redis: Redis) -> NextTicket:
    """Takes whatever names a task."""
    return NextTicket(redis, DESK_QUEUE, lambda name: name != "nobody_knows")


def message(**headers: Any) -> dict[str, Any]:
    """A ticket as kombu writes it into a list."""
    told = {"lang": "py", "task": "work", "id": "t1", "ticket": 0, "argsrepr": "()", "kwargsrepr": "{}", **headers}
    body = base64.b64encode(b"[[], {}, {}]").decode()
    return {"body": body, "headers": told, "properties": {"priority": 6, "delivery_tag": "d1"}}


def test_tickets_come_in_the_order_in_which_celery_takes_them(ledger: Engine, redis: Redis) -> None:
    ids = ready(ledger, plant(ledger, group(work(number) for number in range(3))))
    assert ring_ready(ledger) == 3
    redis.lpush(list_keys(DESK_QUEUE)[1], json.dumps(message(id="in turn")))
    tickets = taker(redis)
    taken = [one for _ in range(3) for one in tickets.take(2)]
    assert [one.task_id for one in taken] == ["in turn", *ids]
    first = taken[1]
    assert (first.name, first.step, first.number, first.kwargs) == ("work", 6, 0, "{}")


def test_a_ticket_that_goes_back_is_the_next_again(ledger: Engine, redis: Redis) -> None:
    first, second = ready(ledger, plant(ledger, group(work(1), work(2))))
    ring_ready(ledger)
    tickets = taker(redis)
    taken = tickets.take(1)
    assert queued(redis, DESK_QUEUE) == {second}
    tickets.give_back(taken)
    both = tickets.take(9)
    assert [one.task_id for one in both] == [first, second]
    tickets.give_back(both)
    tickets.give_back([])
    assert [one.task_id for one in tickets.take(9)] == [first, second]


def test_a_ticket_that_was_taken_back_keeps_its_number(ledger: Engine, redis: Redis) -> None:
    (one,) = ready(ledger, plant(ledger, work(1)))
    change(ledger, one, ticket=7)
    ring_ready(ledger)
    (taken,) = taker(redis).take(1)
    assert taken.number == 7


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no json \xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps({"headers": None, "properties": {"priority": 6}}).encode(),
        json.dumps(message(task="nobody_knows")).encode(),
        json.dumps(message(id=7)).encode(),
        json.dumps(message(task=None)).encode(),
        json.dumps(message(ticket="3")).encode(),
        json.dumps(message(eta="2026-01-01T00:00:00")).encode(),
        json.dumps(message(expires="2026-01-01T00:00:00")).encode(),
        json.dumps({**message(), "properties": {"priority": "6"}}).encode(),
        json.dumps({**message(), "properties": {}}).encode(),
    ],
)
def test_any_other_message_is_left_to_celery(redis: Redis, raw: bytes) -> None:
    ticket = json.dumps(message()).encode()
    redis.lpush(NORMAL, ticket, raw, ticket)
    tickets = taker(redis)
    assert [one.task_id for one in tickets.take(9)] == ["t1"]
    assert redis.lrange(NORMAL, 0, -1) == [ticket, raw]
    assert tickets.take(9) == []
    assert redis.lrange(NORMAL, 0, -1) == [ticket, raw]


def test_a_redis_that_is_away_gives_none(redis: Redis) -> None:
    nowhere = Redis(host="127.0.0.1", port=1, socket_timeout=1, socket_connect_timeout=1)
    assert not taker(nowhere).take(1)


def test_a_user_without_scripts_takes_none_and_asks_once(redis: Redis, empty_redis_url: str) -> None:
    redis.execute_command("ACL", "SETUSER", "plain", "on", "nopass", "~*", "+@all", "-@scripting")  # type: ignore[no-untyped-call]
    redis.lpush(NORMAL, json.dumps(message()))
    try:
        with Redis.from_url(empty_redis_url, username="plain", password="x", socket_timeout=5) as plain:
            tickets = taker(plain)
            assert not tickets.take(1)
            redis.execute_command("ACL", "SETUSER", "plain", "+@all")  # type: ignore[no-untyped-call]
            assert not tickets.take(1)
    finally:
        redis.execute_command("ACL", "DELUSER", "plain")  # type: ignore[no-untyped-call]
    assert redis.llen(NORMAL) == 1
