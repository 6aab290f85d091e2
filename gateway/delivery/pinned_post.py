"""Pinned post: sends one request to one IP within a deadline; reads only the status and Retry-After of the answer."""

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
    """The receiver's answer."""

    status: int
    retry_after: str | None


class NotSent(Exception):
    """The receiver gave no answer; `code` is timed_out, no_connection, tls_failed or no_http."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def post(
    address: Address, ip: str, body: bytes, headers: Mapping[str, str], seconds: float, authorities: Path | None = None
) -> Answer:
    """Posts a body to an address, over a connection to this IP. Raises NotSent.

    `authorities`: a PEM file with the CAs to trust in place of the public ones.

    `seconds` bounds the whole exchange, because a socket's own timeout starts anew with every byte.
    It follows no redirect, uses no proxy, and uses the connection once.
    """
    wire = _Wire(ip, seconds)
    with requests.Session() as session:
        session.trust_env = False
        session.adapters.clear()  # no other origin can be called
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
    """The one connection of a post: it goes to the given IP, and a timer cuts it at the deadline."""

    def __init__(self, ip: str, seconds: float) -> None:
        self._ip = ip
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        # a duplicate of the socket: TLS takes the first one over
        self._handle: socket.socket | None = None
        self._cut = False
        self._timer = threading.Timer(seconds, self._time_is_up)
        self._timer.daemon = True

    def connect(self, port: int) -> socket.socket:
        """Connects to the IP. Raises OSError."""
        made = socket.create_connection((self._ip, port), max(0.001, self._until - time.monotonic()))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._handle = made.dup()
            if self._cut:
                _shut(self._handle)
        return made

    def check_whole(self) -> None:
        """Raises TimeoutError after a cut: truncated headers would look like an answer."""
        if self._cut:
            raise TimeoutError

    def why(self, error: BaseException) -> str:
        """Returns the code of this error."""
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
    """requests' adapter, connecting to the pinned IP. Host header, SNI and certificate checks use the host's name."""

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
