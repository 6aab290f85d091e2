"""The base of the servers that stand in for real ones while the zygote rehearses; their threads end with them."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import BinaryIO, Self

JOIN_SECONDS = 5.0


class StandIn:
    """Listens on a free port of loopback from its beginning to its end."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
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

    def serve(self, client: socket.socket, stream: BinaryIO) -> None:
        """Answers one client until it leaves. Raises OSError, ValueError or IndexError to end the connection."""
        raise NotImplementedError

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._clients.append(client)
                self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError), client, client.makefile("rb") as stream:
            self.serve(client, stream)
