"""Probes: read the state of this machine for `phonefleet doctor`. Each is bounded in time and returns plain values."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from models.database.engine import connect
from models.migrate import current, newest
from models.notify.alerts import lasting_texts
from scripts.local.embedded import NoRedis, find_redis, running_url
from scripts.local.ready import answers
from workers.host.adb_program import NoAdb, find_adb
from workers.host.adb_room import ServerFiles
from workers.runtime.linux import may_merge_memory
from workers.runtime.private_files import open_to_others
from workers.settings import Settings
from workers.settings.sentinels import place_of

_SECONDS = 5
_KSM = Path("/sys/kernel/mm/ksm/run")
# Linux's folders of fonts, and the files of common families with Chinese characters.
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_FONT_FILES = ("*CJK*", "wqy-*", "DroidSansFallback*", "SourceHan*", "uming*", "ukai*", "msyh*", "simsun*")


@dataclass(frozen=True, slots=True)
class ProgramState:
    """A program: its path and version, or the remedy when it cannot run."""

    path: str | None
    found: str
    problem: str = ""
    version: str = ""  # where it was asked for


@dataclass(frozen=True, slots=True)
class RedisState:
    """A Redis server. `version` is empty when it does not answer; `error` says why."""

    address: str
    version: str = ""
    error: str = ""
    remedy: str = ""  # empty when the remedy is to start it


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """The ledger's database. `driver_error` is None if mysqlclient is not needed, '' if it is installed."""

    address: str
    driver_error: str | None = None
    absent: bool = False
    error: str = ""
    server: str = ""
    version: str = ""
    packet: int | None = None  # bytes of the longest statement (max_allowed_packet); None: no limit
    revisions: frozenset[str] = field(default_factory=frozenset)
    heads: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class DiskState:
    """The folder of phonefleet's files, or the nearest existing one above it; `free` in bytes."""

    path: Path
    writable: bool
    free: int
    open_to_others: bool = False  # other users of the machine may read or list it


def redis_program() -> ProgramState:
    """Finds the redis-server that the embedded Redis would run."""
    try:
        binary = find_redis()
    except NoRedis as error:
        return ProgramState(None, "none on PATH, none bundled", str(error))
    version = _redis_version(binary.path)
    return ProgramState(str(binary.path), f"Redis {version or 'of unknown version'}, {binary}", version=version)


def _redis_version(path: Path) -> str:
    """Of `Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=…`; empty when it does not say."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"\bv=(\d+\.\d+\.\d+)", said)
    return found[1] if found else ""


def redis_server(settings: Settings, *, embedded: bool) -> RedisState:
    """Asks the Redis of the settings, or the embedded one that runs in var now."""
    url = (running_url(settings.var) if embedded else None) or settings.redis_url
    address = place_of(url).partition("/")[0]
    if embedded and not answers(urlsplit(url).port or 6379):
        return RedisState(address, error="nothing listens there")
    return _asked_redis(url, address)


def _asked_redis(url: str, address: str) -> RedisState:
    import redis  # noqa: PLC0415 - here and below: only where there is a Redis to ask
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    from workers.runtime.broker import probe, trouble_of  # noqa: PLC0415
    from workers.runtime.redis_client import redis_client  # noqa: PLC0415

    try:
        once = Retry(NoBackoff(), retries=0)
        with redis_client(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, retry=once) as client:
            version = str(client.info("server")["redis_version"])
            # INFO alone does not tell: a full Redis still answers it
            probe(client)
            return RedisState(address, version=version)
    except redis.RedisError as error:
        trouble = trouble_of(error)
        return RedisState(address, error=trouble.reason, remedy="" if "refused" in trouble.reason else trouble.remedy)
    except ValueError as error:
        return RedisState(address, error=str(error))


def adb() -> ProgramState:
    """Finds the adb that the host agent runs."""
    remedy = "reinstall adbutils (pip install --force-reinstall adbutils): its wheel brings an adb; or install adb"
    try:
        program = find_adb()
    except NoAdb as error:
        return ProgramState(None, str(error), remedy)
    return ProgramState(program.path, f"{program.version} ({program.path})")


def adb_files(port: int) -> int | None:
    """Returns how many files the adb server on a port has open; None where none runs, or it is not ours to see."""
    return ServerFiles(port).low()


def jar_trouble() -> str:
    """Returns why the UI server's jar is refused: the reason, a colon and the remedy. Empty for the known jar."""
    from workers.phone.ui_jar import JarRefused, check_jar  # noqa: PLC0415

    try:
        check_jar()
    except JarRefused as error:
        return str(error)
    return ""


def database(url: str) -> DatabaseState:
    """Asks the ledger's database for its version and migrations. Creates nothing."""
    parsed = make_url(url)
    address = parsed.render_as_string(hide_password=True)
    driver_error: str | None = None
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or not Path(parsed.database).exists():
            return DatabaseState(address, absent=True)
    else:
        driver_error = _mysqlclient_error()
        if driver_error:
            return DatabaseState(address, driver_error)
    try:
        engine = connect(url)
        try:
            with engine.connect() as connection:
                return _database_state(connection, address, driver_error)
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        return DatabaseState(address, driver_error, error=str(getattr(error, "orig", None) or error))


def equal_serials(url: str) -> list[tuple[str, str]]:
    """Returns text and remedy of the lasting alerts on equal serials; nothing if the ledger does not answer."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            return list(lasting_texts(connection, "equal_serials"))
    except (SQLAlchemyError, OSError):
        return []
    finally:
        engine.dispose()


def _mysqlclient_error() -> str:
    try:
        import MySQLdb  # noqa: F401, PLC0415 - an extra: absent where only SQLite is used
    except ImportError as error:
        return str(error)
    return ""


def _database_state(connection: Connection, address: str, driver_error: str | None) -> DatabaseState:
    dialect = connection.dialect
    server = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
    packet = None
    if dialect.name != "sqlite":
        packet = int(connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one())
    return DatabaseState(
        address,
        driver_error,
        server=server,
        version=".".join(map(str, (dialect.server_version_info or ())[:3])),
        packet=packet,
        revisions=frozenset(filter(None, [current(connection.engine)])),
        heads=frozenset([newest()]),
    )


def open_files() -> tuple[int, int]:
    """Returns the soft and hard limits on a process's open files; -1 means no limit."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)


def merging() -> bool | None:
    """Tells whether the kernel merges equal pages of processes; None if it cannot."""
    if may_merge_memory() is None:
        return None
    return _KSM.is_file() and _KSM.read_text(encoding="ascii").strip() == "1"


def chinese_font() -> str | None:
    """Returns the file name of a font with Chinese characters; None if none is installed."""
    for folder in map(Path, map(os.path.expanduser, _FONT_FOLDERS)):
        for pattern in _FONT_FILES:
            for file in folder.rglob(pattern):
                if file.suffix.lower() in {".ttf", ".ttc", ".otf"}:
                    return file.name
    return None


def disk(var: Path) -> DiskState:
    """Returns the state of the disk for `var`, which need not exist yet."""
    folder = next(path for path in (var.absolute(), *var.absolute().parents) if path.exists())
    is_open = folder == var.absolute() and open_to_others(folder)
    return DiskState(folder, os.access(folder, os.W_OK), shutil.disk_usage(folder).free, is_open)
