"""A client that speaks the transport protocol itself, as an adb server does, so that each message can be seen."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import Self

CNXN, OPEN, OKAY, WRTE, CLSE = (
    int.from_bytes(name, "little") for name in (b"CNXN", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)
VERSION, MAX_PAYLOAD = 0x01000001, 1024 * 1024
SECONDS = 20.0


class RawClient:
    """One connection; `features` are what the other end announced."""

    def __init__(self, address: str, *features: str) -> None:
        host, _, port = address.rpartition(":")
        self._sock = socket.create_connection((host, int(port)), SECONDS)
        self.send(CNXN, VERSION, MAX_PAYLOAD, f"host::features={','.join(features)}".encode())
        command, _, _, self.banner = self.receive()
        assert command == CNXN
        announced = self.banner.partition(b"features=")[2].partition(b";")[0].rstrip(b"\0").decode()
        self.features = frozenset(announced.split(","))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sock.close()

    def send(self, command: int, first: int, second: int, payload: bytes = b"") -> None:
        checksum = sum(payload) & 0xFFFFFFFF
        head = struct.pack("<6I", command, first, second, len(payload), checksum, command ^ 0xFFFFFFFF)
        self._sock.sendall(head + payload)

    def receive(self) -> tuple[int, int, int, bytes]:
        """Command, both arguments and the payload of the next message."""
        command, first, second, length, _, _ = struct.unpack("<6I", self._exactly(24))
        return command, first, second, self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            chunk = self._sock.recv(size - len(data))
            if not chunk:
                raise ConnectionError("the other end closed the connection")
            data += chunk
        return data
