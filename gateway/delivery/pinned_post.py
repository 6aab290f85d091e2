"""Post: one request to one address, within a deadline; of the answer only its status and Retry-After are read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError

from models.notify.addresses import Address


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said."""

    status: int
    retry_after: str | None


class NotSent(Exception):
    """There is no answer; `code` is timed_out, no_connection, tls_failed or no_http."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def post(
    address: Address, ip: str, body: bytes, headers: Mapping[str, str], seconds: float, authorities: Path | None = None
) -> Answer:
    """POST a body to an address, by way of this very IP. Raises NotSent.

    `authorities`: a PEM file of those that may sign the receiver's certificate, in place of the public ones.

    `seconds` bound the whole, whatever the receiver does: a socket's own timeout begins anew with
    every byte. No redirect is followed, no proxy asked, and the connection is used once.
    """
    wire = _Wire(ip, seconds)
    with requests.Session() as session:
        session.trust_env = False
        session.adapters.clear()  # an address that is not this one's goes nowhere
        session.mount(address.origin + "/", _Adapter(wire))
        try:
            with (
                wire,
                session.post(
                    address.url,
                    data=body,
                    headers={**headers, "Connection": "close", "Accept-Encoding": "identity"},
                    timeout=seconds,
                    allow_redirects=False,
                    stream=True,
                    verify=True if authorities is None else str(authorities),
                ) as response,
            ):
                wire.check_whole()
                return Answer(response.status_code, response.headers.get("Retry-After"))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NotSent(wire.why(error)) from None


class _Wire:
    """The one connection of a post: made to the given IP, and cut when the time is up."""

    def __init__(self, ip: str, seconds: float) -> None:
        self._ip = ip
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        # a second handle of its own: TLS takes the first one over
        self._handle: socket.socket | None = None
        self._cut = False
        self._timer = threading.Timer(seconds, self._time_is_up)
        self._timer.daemon = True

    def connect(self, port: int) -> socket.socket:
        """A socket to the IP. Raises OSError."""
        made = socket.create_connection((self._ip, port), max(0.001, self._until - time.monotonic()))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._handle = made.dup()
            if self._cut:
                _shut(self._handle)
        return made

    def check_whole(self) -> None:
        """Raises TimeoutError when it was cut: headers that end in the middle look like an answer."""
        if self._cut:
            raise TimeoutError

    def why(self, error: BaseException) -> str:
        """The code for what went wrong."""
        if self._cut or isinstance(error, requests.Timeout | TimeoutError):
            return "timed_out"
        if isinstance(error, requests.exceptions.SSLError):
            return "tls_failed"
        return "no_connection" if self._handle is None else "no_http"

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._handle is not None:
                self._handle.close()

    def _time_is_up(self) -> None:
        with self._lock:
            self._cut = True
            if self._handle is not None:
                _shut(self._handle)


def _shut(wire: socket.socket) -> None:
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already
        return


class _Adapter(HTTPAdapter):
    """requests' own, but for where its connection leads. Name, SNI and certificate stay those of the host."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **more)
        self.poolmanager.pool_classes_by_scheme = _pools(self._wire)


def _pools(wire: _Wire) -> dict[str, type[HTTPConnectionPool]]:
    def connect(connection: HTTPConnection) -> socket.socket:
        try:
            return wire.connect(connection.port or 0)
        except OSError as error:
            raise NewConnectionError(connection, str(error)) from error

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
