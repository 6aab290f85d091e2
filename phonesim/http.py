"""A small HTTP/1.1 server side: requests with a Content-Length, answers kept alive.

Two places need it: the UI server behind `tcp:9008` (over an ADB stream) and the control port
(over TCP). Both give it a `Wire`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

MAX_BODY = 8 * 1024 * 1024
_CHARSET = re.compile(r"[ \t]*charset[ \t]*=[ \t]*['\"]?([^\"^'^;]*)", re.IGNORECASE)
# Jackson escapes each half of an emoji, so that halves alone pass as well
_SURROGATES = re.compile("[\U00010000-\U0010ffff\ud800-\udfff]")
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}


class Wire(Protocol):
    """What HTTP runs over."""

    async def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""

    async def read_until(self, mark: bytes) -> bytes:
        """Everything up to and with `mark`."""

    async def write(self, data: bytes) -> None:
        """Send all bytes."""


class BadRequest(Exception):
    """The request cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body has been read."""

    method: str
    path: str
    body: bytes
    keep_alive: bool
    charset: str = ""  # that the Content-Type names

    def json(self) -> Any:
        """The body as JSON, {} when empty. Raises BadRequest."""
        try:
            return json.loads(self.body) if self.body else {}
        except ValueError as error:
            raise BadRequest(f"the body is no JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to send."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"

    @classmethod
    def of_json(cls, value: object, status: int = 200) -> Response:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(_SURROGATES.sub(_escaped, text).encode(), status)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


Handler = Callable[[Request], Awaitable[Response]]


async def serve_http(wire: Wire, handle: Handler, idle_seconds: float | None = None) -> None:
    """Answer requests until the other end closes (the wire's own exception) or asks to close.

    A connection on which no whole request came for `idle_seconds` is closed without a word.
    """
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                request = await _read_request(wire)
        except TimeoutError:
            return
        except BadRequest as error:
            await wire.write(_encode(Response.of_json({"error": str(error)}, 400), keep_alive=False))
            return
        response = await handle(request)
        await wire.write(_encode(response, request.keep_alive))
        if not request.keep_alive:
            return


async def _read_request(wire: Wire) -> Request:
    head = (await wire.read_until(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    try:
        method, path, version = first.split(" ")
    except ValueError:
        raise BadRequest(f"no request line: {first[:80]!r}") from None
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise BadRequest("chunked bodies are not taken; send a Content-Length")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        raise BadRequest(f"bad Content-Length {length!r}")
    body = await wire.read(int(length)) if length != "0" else b""
    connection = headers.get("connection", "").lower()
    keep_alive = connection != "close" and (version == "HTTP/1.1" or connection == "keep-alive")
    charset = _CHARSET.search(headers.get("content-type", ""))
    return Request(method, path, body, keep_alive, charset[1] if charset else "")


def _encode(response: Response, keep_alive: bool) -> bytes:
    head = (
        f"HTTP/1.1 {response.status} {REASONS[response.status]}\r\n"
        f"Content-Type: {response.content_type}\r\n"
        f"Content-Length: {len(response.body)}\r\n"
        f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
    )
    return head.encode() + response.body
