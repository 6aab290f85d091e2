"""Runs shell commands and writes files on one phone, each within a deadline."""

from __future__ import annotations

import re
import shlex
import struct

from flows.phone import PhoneError
from workers.phone.transport import AdbStream, Deadline

MOST_OUTPUT = 4_000_000
ECHO_SECONDS = 1.5  # a healthy phone answers an echo within 0.1 s, even during a dump that takes 3 s
SYNC_CHUNK = 65536  # the protocol's limit for one DATA packet
_EXIT = re.compile(rb"X4EXIT:(\d+)\s*\Z")


class Adb:
    """One phone behind the adb server on a port."""

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.address = address

    def open(self, service: str, deadline: Deadline) -> AdbStream:
        """Opens a connection to a service of the phone. Raises PhoneError."""
        return AdbStream(self.port, self.address, service, deadline)

    def shell(self, command: str, deadline: Deadline) -> tuple[str, int]:
        """Returns output and exit code of a shell command. Raises PhoneError; `sent`: the command may have run."""
        # In an inner shell: an `exit` or an error in the command must not end the outer shell, which prints the code.
        wire = self.open(f"shell:sh -c {shlex.quote(command)}; echo X4EXIT:$?", deadline)
        wire.sent = True
        try:
            output = wire.rest(deadline, MOST_OUTPUT, self.ask)
        finally:
            wire.close()
        match = _EXIT.search(output)
        if match is None:
            raise PhoneError("phone_lost", f"the shell ended in the middle of {command[:60]!r}", sent=True)
        return output[: match.start()].decode(errors="replace"), int(match[1])

    def ask(self, deadline: Deadline) -> None:
        """Checks, over a connection of its own, that the phone still answers, even if slowly.

        Raises PhoneError: phone_hung when not even an echo comes back, phone_lost when adb does not know it any more.
        """
        within = deadline.within(ECHO_SECONDS)
        try:
            wire = self.open("shell:echo", within)
            try:
                wire.rest(within, MOST_OUTPUT)
            finally:
                wire.close()
        except PhoneError as error:
            if error.code != "phone_hung":
                raise
            raise PhoneError("phone_hung", "the phone answers nothing, not even an echo", sent=False) from error

    def push(self, data: bytes, path: str, deadline: Deadline) -> None:
        """Writes a file (mode 0755) on the phone. Raises PhoneError."""
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

    def pull(self, path: str, most: int, deadline: Deadline) -> bytes | None:
        """Returns a file of the phone; None when it is not there, is empty, or has more than `most` bytes.

        Raises PhoneError.
        """
        wire = self.open("sync:", deadline)
        try:
            name = path.encode()
            wire.send(b"STAT" + struct.pack("<I", len(name)) + name, deadline)
            _, _, size, _ = struct.unpack("<4sIII", wire.exactly(16, deadline))
            if not 0 < size <= most:
                return None
            wire.send(b"RECV" + struct.pack("<I", len(name)) + name, deadline)
            found = bytearray()
            while True:
                kind, length = struct.unpack("<4sI", wire.exactly(8, deadline))
                if kind == b"DONE":
                    return bytes(found)
                if kind != b"DATA" or length > SYNC_CHUNK or len(found) + length > most:
                    return None
                found += wire.exactly(length, deadline)
        finally:
            wire.close()
