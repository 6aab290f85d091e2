"""The address guard: resolves a callback's host once, and refuses it if any address is not public.

A customer's host name may resolve to a machine in the operator's own network, or to the cloud's
metadata service. So the delivery worker connects to the very address that was checked.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache
from typing import Any

from workers.settings import Network

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
RESOLVE_SECONDS = 5.0
_RESOLVERS = 256  # one a name: more than the lanes that one worker serves, so that names that hang leave some free
# Whether Python takes these for global differs between its versions.
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",
            "192.88.99.0/24",  # RFC 7526: relays of 6to4, given up; whoever has it may send a packet anywhere
            "fec0::/10",
            "3fff::/20",  # RFC 9637: for documents
            "64:ff9b:1::/48",  # RFC 8215: NAT64 of the operator's own
        ),
    )
)
_ISATAP = (
    0x00005EFE,
    0x02005EFE,
)  # RFC 5214: it stands before the IPv4 address
_lock = threading.Lock()
_running: dict[tuple[str, int], tuple[Future[list[Any]], float]] = {}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address stands in the last 32 bits


class NotThere(Exception):
    """The host cannot be called; `code` is name_not_resolved or address_refused."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def resolve(host: str, port: int, networks: Sequence[Network]) -> str:
    """Returns the address to connect to. Raises NotThere."""
    found = _ask(host, port)
    if not all(may_be_called(ipaddress.ip_address(one), networks) for one in found):
        raise NotThere("address_refused")
    return found[0]


def may_be_called(ip: Ip, networks: Sequence[Network]) -> bool:
    """True for public addresses and for those that the operator lists. An embedded IPv4 address is checked instead."""
    if _listed(ip, networks):
        return True
    inner = _inside(ip)
    if inner is not None:
        return may_be_called(inner, networks)
    tunnelled = _tunnelled(ip)
    if tunnelled is not None and not may_be_called(tunnelled, networks):
        return False
    if _listed(ip, _NEVER):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _listed(ip: Ip, networks: Sequence[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _inside(ip: Ip) -> ipaddress.IPv4Address | None:
    """Returns the IPv4 address inside an IPv6 one: mapped, 6to4, Teredo or NAT64."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    teredo = ip.teredo
    return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo is not None else None)


def _tunnelled(ip: Ip) -> ipaddress.IPv4Address | None:
    """Returns the IPv4 address to which an ISATAP one leads, beside the network that its first half names."""
    if isinstance(ip, ipaddress.IPv4Address) or (int(ip) >> 32) & 0xFFFFFFFF not in _ISATAP:
        return None
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def _ask(host: str, port: int) -> list[str]:
    """Returns every address of a name, in the system's order. getaddrinfo has no timeout, so a thread calls it.

    Concurrent look-ups of one name share one thread, so a name service that hangs occupies only that one. An address in
    its usual form is no name: nobody is asked.
    """
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    asking, since = _asking_for(host, port)
    try:
        answers = asking.result(max(0.0, since + RESOLVE_SECONDS - time.monotonic()))
    except (OSError, UnicodeError, FutureTimeout):
        raise NotThere("name_not_resolved") from None
    found = list(dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers))
    if not found:
        raise NotThere("name_not_resolved")
    return found


def _asking_for(host: str, port: int) -> tuple[Future[list[Any]], float]:
    """Returns the running look-up, or starts one; and when it started."""
    with _lock:
        known = _running.get((host, port))
        if known is None or known[0].done():
            asking: Future[list[Any]] = _resolvers().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            known = _running[host, port] = (asking, time.monotonic())
            asking.add_done_callback(lambda _: _running.pop((host, port), None))
        return known


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_RESOLVERS, "resolve")
