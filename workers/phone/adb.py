"""Shell commands and files on one phone, each under a deadline."""

from __future__ import annotations

import re
import struct

from flows.phone import PhoneError
from workers.phone.wire import Deadline, Wire

MOST_OUTPUT = 4_000_000
SYNC_CHUNK = 65536  # the protocol's limit for one DATA packet
_EXIT = re.compile(rb"X4EXIT:(\d+)\s*\Z")


class Adb:
    """One phone behind the adb server on a port."""

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.address = address

    def open(self, service: str, deadline: Deadline) -> Wire:
        """A connection to a service of the phone. Raises PhoneError."""
        return Wire(self.port, self.address, service, deadline)

    def shell(self, command: str, deadline: Deadline) -> tuple[str, int]:
        """Output and exit code of a shell command. Raises PhoneError, with `sent` once the command left."""
        wire = self.open(f"shell:{command}; echo X4EXIT:$?", deadline)
        wire.sent = True
        try:
            output = wire.rest(deadline, MOST_OUTPUT)
        finally:
            wire.close()
        match = _EXIT.search(output)
        if match is None:
            raise PhoneError("phone_lost", f"the shell ended in the middle of {command[:60]!r}", sent=True)
        return output[: match.start()].decode(errors="replace"), int(match[1])

    def push(self, data: bytes, path: str, deadline: Deadline) -> None:
        """Write a file (mode 0755) on the phone. Raises PhoneError."""
        wire = self.open("sync:", deadline)
        try:
            target = f"{path},{0o100755}".encode()
            wire.send(b"SEND" + struct.pack("<I", len(target)) + target, deadline)
            for start in range(0, len(data), SYNC_CHUNK):
                chunk = data[start : start + SYNC_CHUNK]
                wire.send(b"DATA" + struct.pack("<I", len(chunk)) + chunk, deadline)
            wire.send(b"DONE" + struct.pack("<I", 0), deadline)
            status, size = struct.unpack("<4sI", wire.exactly(8, deadline))
            if status != b"OKAY":
                reason = wire.exactly(min(size, 1000), deadline).decode(errors="replace")
                raise PhoneError("phone_lost", f"cannot write {path}: {reason}", sent=True)
        finally:
            wire.close()
