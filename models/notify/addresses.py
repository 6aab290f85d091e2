"""Callback addresses: one parser reads them, so that the address that is checked is the one that is called."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.values.refused import refuse

MOST_CHARACTERS = 2000
DEFAULT_PORTS = {"https": 443, "http": 80}
_PRINTABLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # ASCII without space, control characters and backslash
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_REMEDY = "write it like https://hooks.example.com/phonefleet, other characters in percent or punycode form"


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed callback address. `host` is a name in lower case, or an IP address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def origin(self) -> str:
        """Returns scheme, host and port; the scheme's default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def endpoint(self) -> str:
        """Returns the address without its query. One endpoint is one receiver."""
        return self.origin + self.path

    @property
    def url(self) -> str:
        """Returns the whole address."""
        return self.endpoint + (f"?{self.query}" if self.query else "")


def read_address(url: str, field: str = "callback_url") -> Address:
    """Parses a URL. Raises Refused."""
    if len(url) > MOST_CHARACTERS or not _PRINTABLE.fullmatch(url):
        raise refuse(field, f"it must have 1 to {MOST_CHARACTERS} printable ASCII characters", _REMEDY)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refuse(field, f"it is not a URL: {error}", _REMEDY) from None
    if not parts.scheme:
        raise refuse(field, "it does not begin with https:// or http://", _REMEDY)
    if parts.scheme not in DEFAULT_PORTS:
        raise refuse(field, f"{parts.scheme!r} is neither https nor http", _REMEDY)
    if port == 0:
        raise refuse(field, "no receiver has port 0", "name its port, or leave it out for the scheme's default")
    if "@" in parts.netloc or "#" in url:
        raise refuse(field, "it contains a user, a password or a fragment", "leave them out; callbacks are signed")
    host = _host(parts.hostname or "", field)
    return Address(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port, parts.path, parts.query)


def read_origin(text: str, field: str = "allow") -> str:
    """Returns an origin in the form that allowlists contain. Raises Refused."""
    address = read_address(text, field)
    if address.path not in ("", "/") or address.query:
        raise refuse(field, f"{text!r} has more than scheme, host and port", "write it like https://hooks.example.com")
    return address.origin


def check_allowed(address: Address, allowlist: Collection[str], field: str = "callback_url") -> None:
    """Raises Refused unless the address' origin is in the allowlist."""
    if address.origin not in allowlist:
        reason = f"{address.origin} is not in the key's allowlist"
        raise refuse(field, reason, "name an address that the operator allowed: phonefleet keys list shows them")


def _host(name: str, field: str) -> str:
    if ":" in name:
        try:
            ip = ipaddress.IPv6Address(name)
        except ValueError:
            ip = None
        if ip is None or ip.scope_id is not None:
            raise refuse(field, f"{name!r} is not an IPv6 address", _REMEDY)
        return str(ip)
    if not _HOST.fullmatch(name):
        raise refuse(field, f"{name!r} is not a host name", _REMEDY)
    return name
