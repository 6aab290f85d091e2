"""A connection to one phone through the adb server, on which every wait has a deadline.

After `host:transport:` the next request names a service on the phone (shell:, sync:, tcp:N) and the
connection is that service's.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable

from flows.phone import PhoneError
from workers.phone.smart_socket import NotSmartSocket, RequestTooLong, framed, read_refusal

LOOPBACK = "127.0.0.1"
CHUNK = 65536
OPEN_SECONDS = 3.5  # adbd opens a service within milliseconds, whatever the screen is busy with
PATIENCE = 2.0  # seconds without a byte after which a phone is asked whether it is there at all
_LOST = ("not found", "offline", "unauthorized", "authorizing", "no devices", "still connecting")


class Deadline:
    """The deadline of a call: the earlier of its own limit and the task's.

    It reads the task's limit each time, because the lease may be renewed while the call waits.
    """

    def __init__(self, seconds: float, remaining: Callable[[], float]) -> None:
        self._at = time.monotonic() + seconds
        self._remaining = remaining

    @property
    def task_is_over(self) -> bool:
        """True when the task's time or its lease has passed."""
        return self._remaining() <= 0

    def within(self, seconds: float) -> Deadline:
        """Returns an earlier deadline for a part of the call."""
        return Deadline(min(seconds, self._at - time.monotonic()), self._remaining)

    def left(self) -> float:
        """Returns the seconds left; 0 or less when the deadline has passed."""
        return min(self._at - time.monotonic(), self._remaining())


Ask = Callable[[Deadline], None]  # checks that the phone is there; raises PhoneError when it is not


class AdbStream:
    """One service on the phone. `sent` is true once a byte of a request may have left."""

    def __init__(self, adb_port: int, address: str, service: str, deadline: Deadline) -> None:
        """Raises PhoneError: phone_lost, ui_server_lost (nothing listens there), phone_hung; time_limit."""
        self.sent = False
        if deadline.task_is_over:
            raise PhoneError("time_limit", "no time is left for the task", sent=False)
        try:
            self.sock = socket.create_connection((LOOPBACK, adb_port), timeout=max(deadline.left(), 0.001))
        except OSError as error:
            raise PhoneError("phone_lost", f"no adb server on port {adb_port}: {error}", sent=False) from error
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            opening = deadline.within(OPEN_SECONDS)
            self._ask(f"host:transport:{address}", opening)
            self._ask(service, opening)
        except BaseException:
            self.close()
            raise
        self.used = time.monotonic()

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Sends all of the data. Raises PhoneError."""
        self._wait(deadline)
        self.sent = True
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise PhoneError("phone_hung", "the phone takes no data", sent=True) from None
        except OSError as error:
            raise PhoneError("ui_server_lost", f"the connection broke: {error}", sent=True) from error

    def receive(self, deadline: Deadline, most: int = CHUNK, ask: Ask | None = None) -> bytes:
        """Returns the next data; b'' when the other end closed. Raises PhoneError('phone_hung').

        While the phone is silent, `ask` checks repeatedly that it is still there.
        """
        ask_at = time.monotonic() + PATIENCE if ask is not None else math.inf
        while (chunk := self._next(deadline, most, ask_at - time.monotonic())) is None:
            if ask is None or time.monotonic() < ask_at:
                continue
            try:
                ask(deadline)
            except PhoneError as error:
                if (late := self._next(deadline, most, 0.0)) is not None:
                    return late
                raise PhoneError(error.code, error.reason, sent=self.sent) from error
            ask_at = time.monotonic() + PATIENCE
        return chunk

    def _next(self, deadline: Deadline, most: int, seconds: float) -> bytes | None:
        """Returns data that arrives within `seconds`, else None. Raises PhoneError when the deadline has passed."""
        self._wait(deadline, seconds)
        try:
            return self.sock.recv(most)
        except (TimeoutError, BlockingIOError):
            return None
        except ConnectionError:
            return b""
        except OSError as error:
            raise PhoneError("phone_lost", f"the connection broke: {error}", sent=self.sent) from error

    def exactly(self, size: int, deadline: Deadline) -> bytes:
        """Returns exactly `size` bytes. Raises PhoneError."""
        data = b""
        while len(data) < size:
            chunk = self.receive(deadline, size - len(data))
            if not chunk:
                raise PhoneError("phone_lost", "the connection closed in the middle of an answer", sent=self.sent)
            data += chunk
        return data

    def rest(self, deadline: Deadline, most: int, ask: Ask | None = None) -> bytes:
        """Returns all data until the other end closes, at most `most` bytes. Raises PhoneError."""
        data = bytearray()
        while len(data) <= most:
            chunk = self.receive(deadline, ask=ask)
            if not chunk:
                return bytes(data)
            data += chunk
        raise PhoneError("phone_hung", f"the phone sent more than {most} bytes", sent=self.sent)

    def pending(self) -> bytes | None:
        """Returns unexpected data without waiting: None for none, b'' when the other end closed."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def close(self) -> None:
        self.sock.close()

    def _wait(self, deadline: Deadline, seconds: float = math.inf) -> None:
        left = deadline.left()
        if left <= 0 and deadline.task_is_over:
            raise PhoneError("time_limit", "the phone did not answer before its time was over", sent=self.sent)
        if left <= 0:
            raise PhoneError("phone_hung", "the phone did not answer in time", sent=self.sent)
        self.sock.settimeout(max(0.0, min(left, seconds)))

    def _ask(self, request: str, deadline: Deadline) -> None:
        try:
            data = framed(request)
        except RequestTooLong as error:
            raise PhoneError("bad_input", str(error), sent=False) from error
        self._wait(deadline)
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise PhoneError("phone_lost", f"the adb server closed the connection: {error}", sent=False) from error
        try:
            reason = read_refusal(lambda size: self.exactly(size, deadline))
        except NotSmartSocket as error:
            raise PhoneError("phone_lost", str(error), sent=False) from error
        if reason is None:
            return
        lost = request.startswith("host:") or any(hint in reason for hint in _LOST)
        raise PhoneError("phone_lost" if lost else "ui_server_lost", f"adb: {reason}", sent=False)
