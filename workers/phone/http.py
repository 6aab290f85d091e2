"""Speaks HTTP/1.1 with the UI server over one kept-alive connection, within each call's deadline."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from flows.phone import PhoneError
from workers.phone.transport import AdbStream, Ask, Deadline

MOST_HEAD = 16_384
MOST_BODY = 32_000_000  # a screenshot in base64 has about 1 MB
IDLE = 2.0  # seconds; the UI server (NanoHTTPD) closes a connection that was idle for 5

Connect = Callable[[Deadline], AdbStream]


class HttpClient:
    """Sends one request at a time, each once. `connect` opens a connection to the UI server.

    While it waits long for an answer, `ask` checks that the phone is still there.
    """

    def __init__(self, connect: Connect, ask: Ask | None = None) -> None:
        self._connect = connect
        self._ask = ask
        self._wire: AdbStream | None = None

    def request(self, method: str, path: str, body: bytes, deadline: Deadline) -> bytes:
        """Returns the answer's body. Raises PhoneError; its `sent` is false only if no byte of the request was sent."""
        wire = self._ready(deadline)
        wire.sent = False
        try:
            wire.send(_request(method, path, body), deadline)
            answer, keep = _Answer(wire, deadline, self._ask).read()
        except BaseException:
            self.close()  # a late answer on this connection must not be taken for the next request's
            raise
        wire.used = monotonic()
        if not keep:
            self.close()
        return answer

    def close(self) -> None:
        """Closes the connection; the next request opens another one."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _ready(self, deadline: Deadline) -> AdbStream:
        if deadline.task_is_over:
            raise PhoneError("time_limit", "no time is left for the task", sent=False)
        # the outcome of a request on a connection that the other end is closing would be unknown
        if self._wire is not None and (monotonic() - self._wire.used > IDLE or self._wire.pending() is not None):
            self.close()
        if self._wire is None:
            self._wire = self._connect(deadline)
        return self._wire


def _request(method: str, path: str, body: bytes) -> bytes:
    # an empty Accept-Encoding: gzip answers leak inside the UI server (NanoHTTPD issue 492)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: phonefleet\r\nAccept-Encoding: \r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Answer:
    """Reads one answer."""

    def __init__(self, wire: AdbStream, deadline: Deadline, ask: Ask | None) -> None:
        self._wire = wire
        self._deadline = deadline
        self._ask = ask
        self._buffer = bytearray()

    def read(self) -> tuple[bytes, bool]:
        """Returns the body, and whether the connection stays open."""
        lines = self._until(b"\r\n\r\n", MOST_HEAD).decode("latin-1").split("\r\n")
        status = lines[0].split(" ")
        fields = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        keep = headers.get("connection", "keep-alive").lower() != "close"
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunked()
        elif "content-length" in headers:
            body = self._exactly(_size(headers["content-length"], 10))
        else:
            body, keep = bytes(self._buffer) + self._wire.rest(self._deadline, MOST_BODY, self._ask), False
        if len(status) < 2 or status[1] != "200":
            raise PhoneError("ui_server_lost", f"the UI server answered {lines[0]!r}", sent=True)
        return body, keep

    def _chunked(self) -> bytes:
        body = bytearray()
        while size := _size(self._until(b"\r\n", MOST_HEAD).decode("latin-1").split(";")[0], 16):
            body += self._exactly(size)
            self._until(b"\r\n", MOST_HEAD)
            if len(body) > MOST_BODY:
                raise PhoneError("ui_server_lost", "the UI server's answer is too large", sent=True)
        self._until(b"\r\n", MOST_HEAD)
        return bytes(body)

    def _until(self, mark: bytes, most: int) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > most:
                raise PhoneError("ui_server_lost", "the UI server's answer is no HTTP", sent=True)
            self._fill()
        taken = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return taken

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self) -> None:
        chunk = self._wire.receive(self._deadline, ask=self._ask)
        if not chunk:
            raise PhoneError("ui_server_lost", "the UI server closed the connection before it answered", sent=True)
        self._buffer += chunk


def _size(text: str, base: int) -> int:
    try:
        size = int(text.strip(), base)
    except ValueError:
        raise PhoneError("ui_server_lost", f"the UI server gave a bad length {text!r}", sent=True) from None
    if not 0 <= size <= MOST_BODY:
        raise PhoneError("ui_server_lost", f"the UI server's answer has {size} bytes", sent=True)
    return size
