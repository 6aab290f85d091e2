"""A stand-in for a phone behind an adb server while the zygote rehearses: every look shows the same screen."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import BinaryIO

from workers.host.stand_in import StandIn
from workers.phone.smart_socket import framed
from workers.phone.ui_jar import pinned_md5

DONE = "\nX4EXIT:0\n"  # how a shell's exit code is told (workers/phone/adb.py)


class StandInPhone(StandIn):
    """A stand-in for an adb server with one phone; `port` is the server's."""

    def __init__(self, screen: str, versions: Sequence[str] = ()) -> None:
        """`screen`: the hierarchy that a dump shows, as XML. `versions`: the first one is that of each app."""
        super().__init__()
        self._version = next(iter(versions), "1")
        self._results = {"dumpWindowHierarchy": screen, "objInfoOfAllInstances": []}
        self._runs = False  # the UI server

    def serve(self, client: socket.socket, stream: BinaryIO) -> None:
        """Answers a request of the phone's own, then the one for a service."""
        _ = _request(stream)
        client.sendall(b"OKAY")
        service = _request(stream)
        if service.startswith("tcp:") and not self._runs:
            client.sendall(b"FAIL" + framed("closed"))
            return
        client.sendall(b"OKAY")
        if service.startswith("tcp:"):
            self._answer_calls(client, stream)
        elif "app_process" in service:
            self._runs = True
            stream.read()  # the UI server ends with its stream
            self._runs = False
        else:
            self._runs = self._runs and "pkill" not in service
            client.sendall(f"{pinned_md5()} versionName={self._version} {DONE}".encode())

    def _answer_calls(self, client: socket.socket, stream: BinaryIO) -> None:
        while head := stream.readline():
            size = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            body = stream.read(size)
            answer = b"pong" if head.startswith(b"GET /ping") else self._result(body)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _result(self, body: bytes) -> bytes:
        return json.dumps(
            {"jsonrpc": "2.0", "id": 1, "result": self._results.get(json.loads(body)["method"], True)}
        ).encode()


def _request(stream: BinaryIO) -> str:
    return stream.read(int(stream.read(4), 16)).decode()
