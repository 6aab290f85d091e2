"""A stand-in for Redis while the zygote rehearses: it answers what a Celery worker asks, and keeps nothing.

It is there for the code of kombu and redis-py alone, which must run before the fork. The real Redis may be away then,
and must not learn of a worker that is none.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import BinaryIO, Self

WAIT_SECONDS = 0.05  # for a ticket: the end of the rehearsal waits for it
JOIN_SECONDS = 5.0

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


class StandInRedis:
    """Listens on a free port of loopback from its beginning to its end."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._server.getsockname()[1]}/0"
        self._lists: dict[bytes, deque[bytes]] = defaultdict(deque)
        self._pushed = threading.Condition()
        self._clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="stand-in", daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends all its threads."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(JOIN_SECONDS)
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(JOIN_SECONDS)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._clients.append(client)
                self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        queued: list[bytes] | None = None  # the answers to what stands between MULTI and EXEC
        with contextlib.suppress(OSError, ValueError, IndexError), client, client.makefile("rb") as stream:
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
