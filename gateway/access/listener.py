"""The listener: bounds the connections of one address and of all, before a byte of them is read or TLS begins.

asyncio has no such bound, reads up to 256 KiB at once from each connection, and waits a minute for a TLS handshake, of
which the HTTP protocol hears nothing until it is over.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import socket
import threading
from asyncio.sslproto import SSLProtocol
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

from starlette.types import Scope

from models.values.refused import refuse

log = logging.getLogger("phonefleet.gateway")

READ_BYTES = 16_384  # what one read takes from a connection
TLS_BYTES = 4_096  # what one read takes from a connection with TLS, and what it decrypts ahead
IPV6_PREFIX = 64  # one customer's line has as many addresses as it likes with the same first 64 bits
# Connections beyond the limit that are still accepted, so that their requests are answered with 503.
SPARE = 64
BACKLOG = 512

Peer = tuple[str, int]


class ConnectionLimits:
    """Counts the open connections of each address and of all.

    An IPv6 network of 64 bits counts as one address. `per_address` 0 is no limit. From `crowded` connections on, each
    new one ends the oldest stranger: a connection over which no holder of a key has asked for anything yet.
    """

    def __init__(self, most: int, per_address: int, crowded: int | None = None) -> None:
        self._most = most
        self._per_address = per_address
        self._crowded = most if crowded is None else crowded
        self._here: dict[Peer, socket.socket] = {}
        self._strangers: OrderedDict[Peer, socket.socket] = OrderedDict()
        self._open: Counter[str] = Counter()
        self._all = 0
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Counts one more connection. Returns False, and counts none, when that would be too many."""
        place = place_of(address)
        with self._lock:
            if self._all >= self._most or 0 < self._per_address <= self._open[place]:
                return False
            self._open[place] += 1
            self._all += 1
            return True

    def came(self, peer: Peer, connection: socket.socket) -> bool:
        """Takes note of a new connection. Returns True when it is crowded here, and the oldest stranger was ended."""
        with self._lock:
            crowded = self._all > self._crowded and self._strangers
            oldest = self._strangers.popitem(last=False)[1] if crowded else None
            self._strangers[peer] = self._here[peer] = connection
        _shut(oldest)
        return oldest is not None

    def is_known(self, peer: Peer) -> None:
        """Takes note that the holder of a key asked over this connection."""
        with self._lock:
            self._strangers.pop(peer, None)

    def end(self, peer: Peer) -> None:
        """Ends a connection at once, whatever its peer has not read."""
        with self._lock:
            connection = self._here.get(peer)
        _shut(connection)

    def went(self, peer: Peer) -> None:
        """Takes note that a connection ended."""
        with self._lock:
            self._strangers.pop(peer, None)
            self._here.pop(peer, None)

    def give_back(self, address: str) -> None:
        """Ends a connection's count."""
        place = place_of(address)
        with self._lock:
            self._all -= 1
            self._open[place] -= 1
            if self._open[place] <= 0:
                del self._open[place]


def _shut(connection: socket.socket | None) -> None:
    """Lets the event loop read a connection's end, and close it."""
    if connection is not None:
        with suppress(OSError):  # it has just ended
            connection.shutdown(socket.SHUT_RDWR)


def place_of(address: str) -> str:
    """Returns what counts as one address: the address, or of IPv6 its network of 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # no IP address: one place for all such
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))


class BoundedSocket(socket.socket):
    """An accepted connection. It reads a little at a time, and ends its count when it is closed."""

    limits: ConnectionLimits | None = None
    peer: Peer = ("", 0)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        return super().recv(min(size, READ_BYTES), flags)

    def close(self) -> None:
        limits, self.limits = self.limits, None
        if limits is not None:
            limits.went(self.peer)
            limits.give_back(self.peer[0])
        super().close()


class BoundedListener(socket.socket):
    """A listening socket that closes connections beyond the limits as soon as it has accepted them."""

    limits: ConnectionLimits
    _crowded = False

    def accept(self) -> tuple[socket.socket, Any]:
        if self._crowded:
            self._crowded = False
            raise BlockingIOError(errno.EAGAIN, "the stranger that was ended is closed first")
        for _ in range(BACKLOG):
            accepted, address = super().accept()
            if self.limits.take(address[0]):
                conn = BoundedSocket(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
                conn.limits, conn.peer = self.limits, (address[0], address[1])
                self._crowded = self.limits.came(conn.peer, conn)
                return conn, address
            accepted.close()
        raise BlockingIOError(errno.EAGAIN, "others wait until the loop comes round")


def tell_app(app: Any, limits: ConnectionLimits) -> None:
    """Lets the requests of an application find the limits of its connections."""
    app.state.connections = limits


def known_connection(scope: Scope) -> None:
    """Takes note that the holder of a key asked over the connection of this request."""
    limits, peer = _connection_of(scope)
    if limits is not None:
        limits.is_known(peer)


def end_connection(scope: Scope) -> None:
    """Ends the connection of this request at once."""
    limits, peer = _connection_of(scope)
    if limits is not None:
        limits.end(peer)


def _connection_of(scope: Scope) -> tuple[ConnectionLimits | None, Peer]:
    host, port = scope["client"] or ("", 0)
    return getattr(scope["app"].state, "connections", None), (host, port)


def listeners(host: str, port: int, limits: ConnectionLimits) -> Sequence[BoundedListener]:
    """Listens at each address of the host. Raises Refused when it cannot."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise refuse("host", f"{host!r} has no address: {error.strerror}", "name an address of this machine") from None
    made = []
    with ExitStack() as opened:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = opened.enter_context(BoundedListener(family, kind, protocol))
            one.limits = limits
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                one.bind(address)
                one.listen(BACKLOG)
            except OSError as error:
                reason = f"{address[0]} port {port} cannot be listened at: {os.strerror(error.errno or 0)}"
                raise refuse("port", reason, "end the other process there, or choose another port") from None
            made.append(one)
        opened.pop_all()
    return made


class GatewayLoop(asyncio.SelectorEventLoop):
    """An event loop that ends a connection whose TLS handshake takes longer than so many seconds."""

    def __init__(self, handshake_seconds: float) -> None:
        super().__init__()
        self._handshake_seconds = handshake_seconds
        # Each TLS connection keeps a buffer of this size: a quarter of a megabyte, unless we say otherwise.
        SSLProtocol.max_size = TLS_BYTES

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", self._handshake_seconds)
        return await super().create_server(*args, **options)
