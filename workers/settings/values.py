"""Readers of the environment's values: each takes a variable's text and returns its value.

A reader raises ValueError with the reason, which completes a sentence that begins with the variable's name.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.values.names import name_fault

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

STOCK_ADB_PORT = 5037
DEFAULT_DEVICE_PORT = 5555
MASTER_KEY_BYTES = 32
MOST_WAITS, LONGEST_WAIT = 30, 7 * 86400
_NOT_AN_ADDRESS = re.compile(r"://|[^A-Za-z0-9._:\[\]%-]")  # full-width signs, blanks, semicolons, addresses of pages
LOG_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}  # logging's own numbers
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_USB_PORT = re.compile(r"usb:[A-Za-z0-9.-]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def whole_between(least: int, most: int, unit: str = "") -> Callable[[str], int]:
    """Returns the reader of a whole number; `unit` follows the limits in its refusal."""

    def read(value: str) -> int:
        number = _whole(value)
        if not least <= number <= most:
            raise ValueError(f"{number} is outside {least} to {most}{unit and ' ' + unit}")
        return number

    return read


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Returns the reader of seconds from `least` to `most`."""

    def read(value: str) -> float:
        seconds = float(value)
        if not least <= seconds <= most:
            raise ValueError(f"{seconds:g} is outside {least:g} to {most:g} seconds")
        return seconds

    return read


def _whole(value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise ValueError(f"{value!r} is not a number")
    return int(value)


def text(value: str) -> str:
    """Returns the value as it is."""
    return value


def one_of(*words: str) -> Callable[[str], str]:
    """Returns the reader of one of these words."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return value

    return read


def log_level(value: str) -> int:
    """Returns the number that logging gives to a level; upper and lower case are the same."""
    try:
        return LOG_LEVELS[value.upper()]
    except KeyError:
        raise ValueError(f"{value!r} is none of {', '.join(LOG_LEVELS)}") from None


def log_flows(value: str) -> Mapping[str, int]:
    """Returns the log level of each flow, from `flow=level` separated by commas."""
    levels: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in value.split(","))):
        flow, equals, level = (part.strip() for part in item.partition("="))
        if not equals or not flow:
            raise ValueError(f"{item!r} is not flow=level")
        if flow in levels:
            raise ValueError(f"{flow} has two levels")
        levels[flow] = log_level(level)
    return levels


def adb_port(value: str) -> int:
    """Returns a port that is not the stock adb server's."""
    port = _port(value)
    if port == STOCK_ADB_PORT:
        raise ValueError(f"{port} belongs to the stock adb server, which other tools start and kill")
    return port


def _port(value: str) -> int:
    port = _whole(value)
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is not a port")
    return port


def addresses(value: str) -> tuple[str, ...]:
    """Returns `host:port` of each `host[:port]`, separated by commas; the port defaults to adb's own 5555."""
    found: dict[str, None] = {}
    for item in filter(None, (part.strip() for part in value.split(","))):
        strange = _NOT_AN_ADDRESS.search(item)
        if strange is not None:
            raise ValueError(f"{item!r} holds {strange[0]!r}, which stands in no address")
        bare = ":" not in item or item.endswith("]")
        host, _, port = (item, "", str(DEFAULT_DEVICE_PORT)) if bare else item.rpartition(":")
        if not host:
            raise ValueError(f"{item!r} has no host")
        if ":" in host and not (host.startswith("[") and host.endswith("]")):
            raise ValueError(f"{item!r} holds more than one colon; an IPv6 address stands in brackets, [::1]:5555")
        if not port.isdigit():
            raise ValueError(f"{item!r}: {port!r} is not a number")
        found[f"{host}:{_port(port)}"] = None
    return tuple(found)


def listening(value: str) -> tuple[str, int] | None:
    """Returns host and port to listen at, of `host:port`; None for an empty text."""
    if not value:
        return None
    parts = urlsplit(f"//{value}")
    if not parts.hostname or not parts.port or parts.netloc != value or "@" in value:
        raise ValueError(f"{value!r} is not host:port")
    return parts.hostname, parts.port


def phone_names(value: str) -> Mapping[str, str]:
    """Returns the name of each address, from `address=name` separated by commas.

    An address is what adb lists: host:port, or a USB port such as usb:1-4. A serial is none: names are for phones
    whose serials are equal.
    """
    names: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in value.split(","))):
        address, equals, name = (part.strip() for part in item.partition("="))
        if not equals or not address:
            raise ValueError(f"{item!r} is not address=name")
        if "=" in name:  # two phones, and what stands between them is no comma
            raise ValueError(f"{item!r} holds more than one =")
        if fault := name_fault(name):
            raise ValueError(fault)
        if not _USB_PORT.fullmatch(address):
            address = _with_port(address)
        if address in names:
            raise ValueError(f"{address} has two names, {names[address]} and {name}")
        names[address] = name
    return names


def _with_port(address: str) -> str:
    """Returns host:port; the port may be left out after an IP address, which no serial looks like."""
    full = addresses(address)[0]
    if full != address and not _is_ip(address.strip("[]")):
        raise ValueError(
            f"{address!r} is neither a USB port nor host:port; a serial tells no phones apart, so write what"
            f" phonefleet phones shows as the address, such as usb:1-4={address}"
        )
    return full


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def timezone(value: str) -> ZoneInfo:
    """Returns a time zone of the IANA list."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a known time zone") from None


def host(value: str) -> str:
    """Returns a name that can be part of a worker's name."""
    if not _HOST_NAME.fullmatch(value):
        raise ValueError(f"{value!r} cannot name a host: letters, digits, dot, dash and underscore only")
    return value


def modules(value: str) -> tuple[str, ...]:
    """Returns the names of modules, separated by commas."""
    names = tuple(filter(None, (part.strip() for part in value.split(","))))
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{name!r} is not the name of a module")
    if not names:
        raise ValueError("names no module")
    return names


def folders(value: str) -> tuple[Path, ...]:
    """Returns the folders, separated by commas. One that is not there stops nothing: the doctor tells it."""
    return tuple(Path(part.strip()).expanduser() for part in value.split(",") if part.strip())


def language(value: str) -> str:
    """Reads the language that people read; empty for that of their browser."""
    if value not in ("auto", "zh", "en"):
        raise ValueError(f"{value!r} is no language of phonefleet")
    return "" if value == "auto" else value


def switch(value: str) -> bool:
    """Returns False for 0 and True for 1."""
    if value not in ("0", "1"):
        raise ValueError(f"{value!r} is neither 0 nor 1")
    return value == "1"


def evidence(value: str) -> str:
    """Returns a folder, or s3://bucket/prefix.

    Keys and passwords are not part of it: it is shown as the link of the evidence.
    """
    if "://" not in value:
        return value
    parts = urlsplit(value)
    if "@" in parts.netloc or parts.query:
        raise ValueError("holds credentials or options, which belong in the environment")
    if parts.scheme not in ("file", "s3"):
        raise ValueError(f"{parts.scheme}:// is no storage known here")
    if parts.scheme == "s3" and not parts.netloc:
        raise ValueError("names no bucket")
    return value


def key_bytes(value: str) -> bytes | None:
    """Returns the 32 bytes of a key in base64, or None for no value."""
    if not value:
        return None
    try:
        key = base64.b64decode(value, validate=True)
    except ValueError:
        raise ValueError("is not base64") from None
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes, not {MASTER_KEY_BYTES}")
    return key


def networks(value: str) -> tuple[Network, ...]:
    """Returns IPv4 and IPv6 networks, separated by commas."""
    return tuple(_network(part.strip()) for part in value.split(",") if part.strip())


def _network(value: str) -> Network:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is not a network") from None
    if value.partition("/")[0] != str(network.network_address):
        raise ValueError(f"{value} begins inside the network {network}")
    return network


def file(value: str) -> Path | None:
    """Returns the path of a file that exists, or None for no value."""
    if not value:
        return None
    if not Path(value).is_file():
        raise ValueError(f"{value} is no file")
    return Path(value)


def schedule(value: str) -> tuple[float, ...]:
    """Returns the seconds between tries, separated by commas."""
    waits = tuple(float(part) for part in value.split(","))
    if len(waits) > MOST_WAITS or not all(0 <= one <= LONGEST_WAIT for one in waits):
        raise ValueError(f"is not 1 to {MOST_WAITS} waits of 0 to {LONGEST_WAIT} seconds")
    return waits
