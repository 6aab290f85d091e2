"""What a phonefleet process is told by its environment: read once, checked, frozen.

Every variable begins with `PHONEFLEET_`. A value that cannot be used raises `SettingsError`, which
names the variable, the reason and the remedy.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.names import name_fault

T = TypeVar("T")
Address = tuple[str, int]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

STOCK_ADB_PORT = 5037
DEFAULT_DEVICE_PORT = 5555
MASTER_KEY_BYTES = 32
MOST_WAITS, LONGEST_WAIT = 30, 7 * 86400
# Standard Webhooks' schedule: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after the try before.
STANDARD_SCHEDULE = "5,300,1800,7200,18000,36000,50400,72000,86400"
_NOT_AN_ADDRESS = re.compile(r"://|[^A-Za-z0-9._:\[\]%-]")  # full-width signs, blanks, semicolons, addresses of pages
_NO_HOST = re.compile(r"[^A-Za-z0-9._:%-]")
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_USB_PORT = re.compile(r"usb:[A-Za-z0-9.-]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class SettingsError(ValueError):
    """An environment variable holds a value that cannot be used; says which, why and what to do."""

    def __init__(self, variable: str, reason: str, remedy: str) -> None:
        super().__init__(f"{variable}: {reason}. {remedy}")
        self.variable = variable
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. Times are seconds."""

    database_url: str
    redis_url: str
    adb_port: int
    adb_connect: tuple[str, ...]
    adb_usb: bool
    phone_names: Mapping[str, str]
    profile: str
    timezone: ZoneInfo
    var: Path
    host: str
    desks: int
    lease: float
    heartbeat: float
    drain: float
    health: float
    task_modules: tuple[str, ...]
    evidence: str
    evidence_days: int
    master_key: bytes | None = field(repr=False)
    old_master_key: bytes | None = field(repr=False)
    callback_networks: tuple[Network, ...]
    callback_ca: Path | None
    delivery_schedule: tuple[float, ...]
    delivery_timeout: float
    deliveries_at_once: int
    sandbox: bool
    plain_json: bool


def _text(value: str) -> str:
    return value


def _redis_url(value: str) -> str:
    parts = _parsed(value)
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError("is not a Redis address")
    _host_and_port(parts)
    number = parts.path.strip("/")
    if number and not _WHOLE.fullmatch(number):
        raise ValueError(f"names the database {number!r}, and Redis's databases are numbers")
    return value


def _parsed(value: str) -> SplitResult:
    """Raises ValueError without the address's words: they may be a password's."""
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError("holds a sign that stands in no address, such as a full-width colon") from None
    if "@" not in parts.netloc and "@" in value.partition("://")[2]:
        raise ValueError("holds / ? or # in its password; write them as %2F %3F %23")
    return parts


def _host_and_port(parts: SplitResult) -> None:
    """Raises ValueError when an address names no host, or a port that is none."""
    if not parts.hostname:
        raise ValueError("names no host")
    strange = _NO_HOST.search(parts.hostname)
    if strange is not None:
        raise ValueError(f"{parts.hostname!r} holds {strange[0]!r}, which stands in no host's name")
    with contextlib.suppress(ValueError):
        if parts.port is None or parts.port > 0:
            return
    raise ValueError(f"{parts.netloc.rpartition('@')[2]!r} has a port that is none")


def _database_url(value: str) -> str:
    parts = _parsed(value)
    backend, _, driver = parts.scheme.partition("+")
    if backend not in ("sqlite", "mysql", "mariadb"):
        raise ValueError("is neither an SQLite nor a MySQL address")
    if backend == "sqlite":
        return _sqlite_url(value, driver)
    if driver not in ("", "mysqldb"):
        raise ValueError(f"asks for the driver {driver}, and the ledger speaks through mysqlclient alone")
    if "unix_socket=" not in parts.query:
        _host_and_port(parts)
    if not parts.path.strip("/"):
        raise ValueError("names no database")
    return value


def _sqlite_url(value: str, driver: str) -> str:
    if driver not in ("", "pysqlite"):
        raise ValueError(f"asks for the driver {driver}, and the ledger speaks through Python's own sqlite3")
    rest = value.partition(":")[2]
    if not rest.startswith("///") or rest.removeprefix("///").partition("?")[0] in ("", ":memory:"):
        raise ValueError("names no file: three slashes and the path, four when the path begins at the root")
    return value


def _adb_port(value: str) -> int:
    port = _port(value)
    if port == STOCK_ADB_PORT:
        raise ValueError(f"{port} belongs to the stock adb server, which other tools start and kill")
    return port


def _whole(value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise ValueError(f"{value!r} is not a number")
    return int(value)


def _port(value: str) -> int:
    port = _whole(value)
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is not a port")
    return port


def _addresses(value: str) -> tuple[str, ...]:
    """`host[:port]` separated by commas; the port defaults to adb's own 5555."""
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


def _phone_names(value: str) -> Mapping[str, str]:
    """`address=name` separated by commas: an address as adb lists it (host:port), or a USB port (usb:1-4)."""
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
            address = _addresses(address)[0]
        if address in names:
            raise ValueError(f"{address} has two names, {names[address]} and {name}")
        names[address] = name
    return names


def _timezone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a known time zone") from None


def _host(value: str) -> str:
    if not _HOST_NAME.fullmatch(value):
        raise ValueError(f"{value!r} cannot name a host: letters, digits, dot, dash and underscore only")
    return value


def _modules(value: str) -> tuple[str, ...]:
    names = tuple(filter(None, (part.strip() for part in value.split(","))))
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{name!r} is not the name of a module")
    if not names:
        raise ValueError("names no module")
    return names


def _switch(value: str) -> bool:
    if value not in ("0", "1"):
        raise ValueError(f"{value!r} is neither 0 nor 1")
    return value == "1"


def _count(value: str) -> int:
    count = _whole(value)
    if not 0 <= count <= 64:
        raise ValueError(f"{count} is outside 0 to 64")
    return count


def _evidence(value: str) -> str:
    """A folder, or s3://bucket/prefix. Keys and passwords are not part of it: it is shown as the evidence's link."""
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


def _days(value: str) -> int:
    days = _whole(value)
    if not 0 <= days <= 3650:
        raise ValueError(f"{days} is outside 0 to 3650 days")
    return days


def _master_key(value: str) -> bytes | None:
    if not value:
        return None
    try:
        key = base64.b64decode(value, validate=True)
    except ValueError:
        raise ValueError("is not base64") from None
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes, not {MASTER_KEY_BYTES}")
    return key


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(_network(part.strip()) for part in value.split(",") if part.strip())


def _network(value: str) -> Network:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is not a network") from None
    if value.partition("/")[0] != str(network.network_address):
        raise ValueError(f"{value} begins inside the network {network}")
    return network


def _file(value: str) -> Path | None:
    if not value:
        return None
    if not Path(value).is_file():
        raise ValueError(f"{value} is no file")
    return Path(value)


def _schedule(value: str) -> tuple[float, ...]:
    """Seconds between the tries."""
    waits = tuple(float(part) for part in value.split(","))
    if len(waits) > MOST_WAITS or not all(0 <= one <= LONGEST_WAIT for one in waits):
        raise ValueError(f"is not 1 to {MOST_WAITS} waits of 0 to {LONGEST_WAIT} seconds")
    return waits


def _threads(value: str) -> int:
    count = _whole(value)
    if not 2 <= count <= 512:
        raise ValueError(f"{count} is outside 2 to 512")
    return count


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        seconds = float(value)
        if not least <= seconds <= most:
            raise ValueError(f"{seconds:g} is outside {least:g} to {most:g} seconds")
        return seconds

    return read


def _read(env: Mapping[str, str], name: str, default: str, parse: Callable[[str], T], remedy: str) -> T:
    value = env.get(name, "").strip() or default
    try:
        return parse(value)
    except ValueError as error:
        reason = str(error)
        if reason.startswith(("invalid literal", "could not convert", "Port could not")):
            reason = f"{value!r} is not a number"
        raise SettingsError(name, reason, remedy) from None


def _host_default() -> str:
    """The machine's name, with whatever a worker's name cannot hold replaced by a dash."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._")[:63] or "localhost"


def read_settings(env: Mapping[str, str]) -> Settings:
    """The settings that `env` gives, defaults filled in. Raises SettingsError."""
    var = Path(_read(env, "PHONEFLEET_VAR", "var", _text, "Name a directory that may be written."))
    adb_remedy = "Choose a free port, e.g. 5038."
    return Settings(
        database_url=_read(
            env,
            "PHONEFLEET_DATABASE_URL",
            f"sqlite:///{var / 'phonefleet.db'}",
            _database_url,
            "Write e.g. sqlite:///var/phonefleet.db or mysql+mysqldb://user:password@host/phonefleet.",
        ),
        redis_url=_read(
            env,
            "PHONEFLEET_REDIS_URL",
            "redis://127.0.0.1:6379/0",
            _redis_url,
            "Write e.g. redis://127.0.0.1:6379/0.",
        ),
        adb_port=_read(env, "PHONEFLEET_ADB_PORT", "5038", _adb_port, adb_remedy),
        adb_connect=_read(
            env, "PHONEFLEET_ADB_CONNECT", "", _addresses, "List host:port addresses separated by commas."
        ),
        adb_usb=_read(
            env, "PHONEFLEET_ADB_USB", "1", _switch, "Write 0 to leave phones at this machine's USB ports alone."
        ),
        phone_names=_read(
            env,
            "PHONEFLEET_PHONE_NAMES",
            "",
            _phone_names,
            "Write e.g. usb:1-4=left,10.0.0.7:5555=right for phones whose serials are equal.",
        ),
        profile=_read(
            env, "PHONEFLEET_PROFILE", "practice", _text, "Name a profile that phonefleet ships, or a YAML file."
        ),
        timezone=_read(
            env, "PHONEFLEET_TIMEZONE", "Asia/Shanghai", _timezone, "Take a name of the IANA list, e.g. Asia/Shanghai."
        ),
        var=var,
        host=_read(
            env, "PHONEFLEET_HOST", _host_default(), _host, "Give this machine a short name that no other one has."
        ),
        desks=_read(env, "PHONEFLEET_DESKS", "1", _count, "Say how many workers serve tasks that touch no phone."),
        lease=_read(env, "PHONEFLEET_LEASE", "3.5", _seconds(2, 600), "A lease of 3.5 suits most fleets."),
        heartbeat=_read(
            env, "PHONEFLEET_HEARTBEAT", "30", _seconds(1, 300), "Flower forgets a worker two heartbeats late; take 30."
        ),
        drain=_read(
            env, "PHONEFLEET_DRAIN", "20", _seconds(0, 3600), "Say how long workers may finish when the host stops."
        ),
        health=_read(
            env,
            "PHONEFLEET_HEALTH",
            "30",
            _seconds(1, 3600),
            "Say how often a phone is asked how it is; 30 suits most.",
        ),
        task_modules=_read(
            env, "PHONEFLEET_TASKS", "workers.tasks", _modules, "List modules whose Celery tasks the workers serve."
        ),
        evidence=_read(
            env, "PHONEFLEET_EVIDENCE", str(var / "evidence"), _evidence, "Name a folder, or s3://bucket/prefix."
        ),
        evidence_days=_read(
            env, "PHONEFLEET_EVIDENCE_DAYS", "30", _days, "Say after how many days evidence is deleted; 0 for never."
        ),
        master_key=_read(env, "PHONEFLEET_MASTER_KEY", "", _master_key, "Make one: head -c 32 /dev/urandom | base64."),
        old_master_key=_read(
            env, "PHONEFLEET_OLD_MASTER_KEY", "", _master_key, "Give the one before, or leave it out."
        ),
        callback_ca=_read(
            env, "PHONEFLEET_CALLBACK_CA", "", _file, "Name a PEM file of the authorities that sign receivers."
        ),
        callback_networks=_read(
            env,
            "PHONEFLEET_CALLBACK_NETWORKS",
            "",
            _networks,
            "List networks such as 10.1.0.0/16, separated by commas.",
        ),
        delivery_schedule=_read(
            env, "PHONEFLEET_DELIVERY_SCHEDULE", STANDARD_SCHEDULE, _schedule, "List seconds, separated by commas."
        ),
        delivery_timeout=_read(
            env, "PHONEFLEET_DELIVERY_TIMEOUT", "15", _seconds(0.1, 60), "15 to 30 seconds are what receivers expect."
        ),
        deliveries_at_once=_read(
            env, "PHONEFLEET_DELIVERIES", "64", _threads, "Say how many callbacks a delivery worker sends at once."
        ),
        sandbox=_read(
            env, "PHONEFLEET_SANDBOX", "0", _switch, "Write 1 where this host's phones are simulated, for sandbox keys."
        ),
        plain_json=_read(
            env, "PHONEFLEET_PLAIN_JSON", "0", _switch, "Write 1 to let every key send and get plain JSON."
        ),
    )


@cache
def settings() -> Settings:
    """The settings of this process's environment, read once. Raises SettingsError."""
    return read_settings(os.environ)
