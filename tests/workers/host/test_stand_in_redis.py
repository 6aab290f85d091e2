"""The stand-in for Redis answers redis-py as Redis would where the rehearsal asks it, and ends with its threads."""

from __future__ import annotations

import socket
import threading

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotConnected

from workers.host.stand_in_redis import StandInRedis


def test_a_ticket_comes_back_once_and_from_the_queue_named_first() -> None:
    with StandInRedis() as stand_in, Redis.from_url(stand_in.url, socket_timeout=5) as client:
        client.lpush("second", "b")
        client.lpush("first", "a1", "a2")
        taken = [client.brpop(["first", "second"], timeout=1) for _ in range(4)]
    assert taken == [(b"first", b"a1"), (b"first", b"a2"), (b"second", b"b"), None]


def test_a_worker_that_waits_gets_the_ticket_of_another_client() -> None:
    with (
        StandInRedis() as stand_in,
        Redis.from_url(stand_in.url, socket_timeout=5) as waiting,
        Redis.from_url(stand_in.url, socket_timeout=5) as other,
    ):
        push = threading.Thread(target=other.lpush, args=("queue", "一"))
        push.start()
        taken = next(filter(None, (waiting.brpop(["queue"], timeout=1) for _ in range(200))))
        push.join(10)
    assert taken == (b"queue", "一".encode())


def test_transactions_locks_and_subscriptions_are_answered() -> None:
    with StandInRedis() as stand_in, Redis.from_url(stand_in.url, socket_timeout=5) as client:
        with client.pipeline() as pipe:
            pipe.hset("unacked", "tag", "ticket")
            pipe.zadd("unacked_index", {"tag": 1})
            assert pipe.execute() == [1, 1.0]
        with client.lock("unacked_mutex", timeout=1):
            assert client.zrange("unacked_index", 0, 9) == []
        with client.pubsub() as told:
            told.psubscribe("/0.celery.pidbox")
            said = told.get_message(timeout=5)
            assert said is not None
            assert (said["type"], said["channel"]) == ("psubscribe", b"/0.celery.pidbox")


def test_scripts_run_alone_and_in_a_pipeline() -> None:
    with StandInRedis() as stand_in, Redis.from_url(stand_in.url, socket_timeout=5) as client:
        script = client.register_script("return 1")
        assert script(keys=["queue"]) == 1
        with client.pipeline() as pipe:
            script(keys=["queue"], client=pipe)
            assert pipe.execute() == [1]


def test_it_ends_with_its_threads_whatever_a_client_sends() -> None:
    before = threading.active_count()
    with StandInRedis() as stand_in:
        host, port = stand_in.url.removeprefix("redis://").partition("/")[0].split(":")
        for sent in (b"", b"*", b"*x\r\n", b"*1\r\n$4\r\nPI", b"GET / HTTP/1.1\r\n\r\n", b"*0\r\n", b"*-1\r\n\xff"):
            with socket.create_connection((host, int(port)), timeout=5) as client:
                client.sendall(sent)
        with Redis.from_url(stand_in.url, socket_timeout=5) as client:
            assert client.ping()
    assert threading.active_count() == before
    with pytest.raises(NotConnected):
        Redis.from_url(stand_in.url, socket_timeout=5).ping()
