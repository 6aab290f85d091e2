"""A stand-in for Redis while the zygote rehearses: it answers what a Celery worker asks, and keeps nothing.

It is there for the code of kombu and redis-py alone, which must run before the fork. The real Redis may be away then,
and must not learn of a worker that is none.
"""

from __future__ import annotations

import socket
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import BinaryIO

from workers.host.stand_in import StandIn

WAIT_SECONDS = 0.05  # for a ticket: the end of the rehearsal waits for it

Words = list[bytes]
OK, NONE, ONE = b"+OK\r\n", b"_\r\n", b":1\r\n"
HELLO = b"%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n$5\r\nproto\r\n:3\r\n"
ANSWERS = {
    b"HELLO": HELLO,
    b"PING": b"+PONG\r\n",
    b"MULTI": OK,
    b"CLIENT": OK,
    b"SET": OK,
    b"GET": NONE,
    b"ZRANGE": b"*0\r\n",
    b"ZRANGEBYSCORE": b"*0\r\n",
    b"ZREVRANGEBYSCORE": b"*0\r\n",
    b"SMEMBERS": b"~0\r\n",
    b"LLEN": b":0\r\n",
}


class StandInRedis(StandIn):
    """A stand-in for one Redis; `url` is its address."""

    def __init__(self) -> None:
        super().__init__()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._lists: dict[bytes, deque[bytes]] = defaultdict(deque)
        self._pushed = threading.Condition()

    def serve(self, client: socket.socket, stream: BinaryIO) -> None:
        """Answers each command."""
        queued: list[bytes] | None = None  # the answers to what stands between MULTI and EXEC
        for words in _commands(stream):
            if words[0] == b"EXEC":
                client.sendall(b"*%d\r\n" % len(queued or ()) + b"".join(queued or ()))
                queued = None
            elif queued is not None:
                queued.append(self._answer(words))
                client.sendall(b"+QUEUED\r\n")
            else:
                queued = [] if words[0] == b"MULTI" else None
                client.sendall(self._answer(words))

    def _answer(self, words: Words) -> bytes:
        name = words[0].upper()
        if name == b"LPUSH":
            with self._pushed:
                self._lists[words[1]].extend(words[2:])
                self._pushed.notify_all()
        if name == b"BRPOP":
            return self._popped(words[1:-1])
        if name == b"SCRIPT":  # it has each script: kombu asks before it keeps its bindings alive
            return b"*%d\r\n" % len(words[2:]) + ONE * len(words[2:])
        if name in (b"PSUBSCRIBE", b"PUNSUBSCRIBE", b"SUBSCRIBE", b"UNSUBSCRIBE"):
            return b"".join(b">3\r\n" + _bulk(name.lower()) + _bulk(topic) + ONE for topic in words[1:])
        return ANSWERS.get(name, ONE)

    def _popped(self, names: Words) -> bytes:
        with self._pushed:
            self._pushed.wait_for(lambda: any(self._lists[name] for name in names), WAIT_SECONDS)
            for name in names:
                if self._lists[name]:
                    return b"*2\r\n" + _bulk(name) + _bulk(self._lists[name].popleft())
        return NONE


def _commands(stream: BinaryIO) -> Iterator[Words]:
    """Returns the commands of a client, each as its words. Raises ValueError or IndexError for anything else."""
    while head := stream.readline():
        yield [_word(stream) for _ in range(int(head[1:]))]


def _word(stream: BinaryIO) -> bytes:
    size = int(stream.readline()[1:])
    return stream.read(size + 2)[:size]


def _bulk(data: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(data), data)
