"""Pinned post: sends one request to one IP within a deadline; reads little of the answer."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path

import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from gateway.delivery.cutter import Wire, cutter
from models.notify.addresses import Address

CLOSES = {"Connection": "close", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's answer."""

    status: int
    retry_after: str | None
    body: bytes = b""  # its beginning, if it was asked for


class NotSent(Exception):
    """The receiver gave no answer; `code` is timed_out, no_connection, tls_failed or no_http."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def post(
    address: Address,
    ip: str,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
    authorities: Path | None = None,
    *,
    reads: int = 0,
) -> Answer:
    """Posts a body to an address, over a connection to this IP. Raises NotSent.

    `authorities`: a PEM file with the CAs to trust in place of the public ones. `reads`: bytes of the answer's body.

    `seconds` bounds the whole exchange, because a socket's own timeout starts anew with every byte.
    It follows no redirect, uses no proxy, and uses the connection once.
    """
    wire = Wire()
    until = time.monotonic() + seconds
    try:
        connection = _connection(address, ip, wire, until, authorities)
        try:
            with cutter().watching(wire, until):
                target = parse_url(address.url).request_uri
                connection.request("POST", target, body, {**headers, **CLOSES}, preload_content=False)
                response = connection.getresponse()
                wire.check_whole()
                told = response.read(reads) if reads else b""
                return Answer(response.status, response.headers.get("Retry-After"), told)
        finally:
            connection.close()
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        raise NotSent(_why(wire, error)) from None


def _why(wire: Wire, error: BaseException) -> str:
    """Returns the code of this error."""
    if wire.cut or isinstance(error, TimeoutError):
        return "timed_out"
    if isinstance(error, ssl.SSLError):
        return "tls_failed"
    return "no_http" if wire.connected else "no_connection"


def _connection(
    address: Address, ip: str, wire: Wire, until: float, authorities: Path | None
) -> HTTPConnection | HTTPSConnection:
    """Returns a connection that goes to the IP. Host header, SNI and certificate checks use the host's name."""
    left = max(0.001, until - time.monotonic())

    class Pinned:
        def _new_conn(self) -> socket.socket:
            made = socket.create_connection((ip, address.port), max(0.001, until - time.monotonic()))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.hold(made)
            return made

    class Plain(Pinned, HTTPConnection):
        pass

    class Secure(Pinned, HTTPSConnection):
        pass

    if address.scheme == "http":
        return Plain(address.host, address.port, timeout=left)
    return Secure(address.host, address.port, timeout=left, ssl_context=_trusting(authorities))


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    """Returns how certificates are checked, read anew when the file changed: to read it costs more than a handshake."""
    file = Path(requests.adapters.DEFAULT_CA_BUNDLE_PATH) if authorities is None else authorities
    stat = file.stat()
    return _context(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _context(file: Path, _changed: int, _size: int) -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(file)
    return context
