"""The address of a Redis that Sentinel watches: sentinel://user:password@host:26379,host:26379/0?master=NAME.

User, password and number are those of the Redis servers. The Sentinels are asked without a password.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

SCHEME = "sentinel"
PORT = 26379
# A dead one is noticed within a second, and the next is asked; redis-py's own client tries each several times.
ASKING: Mapping[str, Any] = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": None}


@dataclass(frozen=True, slots=True)
class Sentinels:
    """The places of the Sentinels, the name that they give to the primary, and what its server asks for."""

    places: Sequence[tuple[str, int]]
    master: str
    database: int = 0
    username: str | None = None
    password: str | None = None


def sentinels(url: str) -> Sentinels | None:
    """Returns what an address with Sentinels says; None for any other. Raises ValueError for one that is incomplete."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        return None
    options = parse_qsl(parts.query, keep_blank_values=True)
    strange = [name for name, _ in options if name != "master"]
    if strange:
        raise ValueError(f"has the option {strange[0]}, and an address with Sentinels has master alone")
    if len(options) != 1 or not options[0][1]:
        raise ValueError("does not name the primary that its Sentinels watch: end it with ?master=NAME")
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    return Sentinels(
        [_place(one) for one in _hosts(parts)],
        options[0][1],
        int(parts.path.strip("/") or 0),
        unquote(user) or None,
        unquote(password) or None,
    )


def celery_url(url: str) -> str:
    """Returns the address in Celery's form, in which every Sentinel has an address of its own."""
    asked = sentinels(url)
    if asked is None:
        return url
    sign_in = f"{quote(asked.username or '', safe='')}:{quote(asked.password or '', safe='')}@"
    return ";".join(
        f"{SCHEME}://{sign_in if asked.password else ''}{host}:{port}/{asked.database}" for host, port in asked.places
    )


def celery_options(url: str) -> Mapping[str, Any]:
    """Returns the transport options that Celery needs for this address; none for one without Sentinels."""
    asked = sentinels(url)
    return {} if asked is None else {"master_name": asked.master, "sentinel_kwargs": dict(ASKING)}


def place_of(url: str) -> str:
    """Returns the address of a Redis without user, password and options, for people."""
    parts = urlsplit(url)
    if parts.scheme == SCHEME:
        return f"{','.join(_hosts(parts))}{parts.path}"
    return f"{parts.hostname or ''}:{parts.port or 6379}{parts.path}"


def _hosts(parts: SplitResult) -> list[str]:
    return parts.netloc.rpartition("@")[2].split(",")


def _place(host: str) -> tuple[str, int]:
    """Raises ValueError for what is no HOST or HOST:PORT."""
    one = urlsplit(f"//{host}")
    try:
        port = one.port or PORT
    except ValueError:
        raise ValueError(f"{host!r} has a port that is none") from None
    if not one.hostname:
        raise ValueError("names no host between two commas, or none at all")
    return one.hostname, port
