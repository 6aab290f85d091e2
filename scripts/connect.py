"""Connects commands and scripts with the fleet: the ledger, Redis, and the name of the operator."""

from __future__ import annotations

import os

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from models.migrate import UnknownVersion, current, newest, upgrade
from models.values.refused import Refused, refuse
from workers.runtime.process_engine import process_engine
from workers.settings import settings

# The errors of a ledger that cannot be used: no server, no file, no access, no database, no driver.
UNREACHABLE = (DatabaseError, UnknownVersion, ModuleNotFoundError, OSError)

DOCTOR = "phonefleet doctor looks closer"
MENDED_BY = {
    1044: f"give this user the right to the database, or name another one; {DOCTOR}",
    1045: f"correct user and password in PHONEFLEET_DATABASE_URL; {DOCTOR}",
    1049: f"create the database, or correct its name in PHONEFLEET_DATABASE_URL; {DOCTOR}",
    2002: f"start the database, or correct host and port in PHONEFLEET_DATABASE_URL; {DOCTOR}",
    2003: f"start the database, or correct host and port in PHONEFLEET_DATABASE_URL; {DOCTOR}",
    2005: f"correct the host in PHONEFLEET_DATABASE_URL; {DOCTOR}",
}


def open_ledger() -> Engine:
    """Opens the ledger of this installation; creates or migrates an SQLite one. Raises Refused."""
    try:
        engine = process_engine()
        if current(engine) == newest():
            return engine
        if engine.dialect.name == "sqlite":
            upgrade(engine)
        else:
            reason = f"the tables of {address()} are not those of this version"
            raise refuse(
                "PHONEFLEET_DATABASE_URL", reason, "back them up, then bring them up to date: phonefleet migrate"
            )
    except UNREACHABLE as error:
        raise unreachable(error) from error
    return engine


def migrate_ledger() -> str:
    """Migrates the ledger's tables to this version. Returns their version. Raises Refused."""
    try:
        engine = process_engine()
        upgrade(engine)
    except (*UNREACHABLE, TimeoutError) as error:
        raise unreachable(error) from error
    return newest()


def unreachable(error: BaseException) -> Refused:
    """Returns the refusal that tells why the ledger cannot be used."""
    if isinstance(error, ModuleNotFoundError):
        remedy = "install the extra: pip install 'phonefleet[mysql]'; phonefleet doctor says what it needs"
        return refuse("PHONEFLEET_DATABASE_URL", f"{address()} needs a driver that is not installed: {error}", remedy)
    if isinstance(error, UnknownVersion):
        return refuse("PHONEFLEET_DATABASE_URL", f"{address()}: {error}", "use the version of phonefleet that made it")
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        folder = error.filename or address()
        reason = f"no answer from the ledger at {address()}: {folder}: {_of_folder(error)}"
        remedy = f"name a file in a folder that may be written, or correct PHONEFLEET_VAR; {DOCTOR}"
        return refuse("PHONEFLEET_DATABASE_URL", reason, remedy)
    code, said = _said_by_database(error)
    told = f"{said} ({code})" if code else said
    remedy = MENDED_BY.get(code, DOCTOR)
    return refuse("PHONEFLEET_DATABASE_URL", f"no answer from the ledger at {address()}: {told}", remedy)


def _of_folder(error: OSError) -> str:
    no_folder = isinstance(error, FileExistsError | NotADirectoryError)
    return "is a file, and no folder" if no_folder else str(error.strerror or error)


def _said_by_database(error: BaseException) -> tuple[int, str]:
    """Returns the server's number of an error, 0 for none, and its message."""
    origin = getattr(error, "orig", None) or error
    arguments: tuple[object, ...] = tuple(getattr(origin, "args", ()))
    match arguments:
        case (int(code), said, *_):
            return code, str(said)
    return 0, str(origin)


def address() -> str:
    """Returns the ledger's address without user and password."""
    scheme, _, rest = settings().database_url.partition("://")
    place = rest.rpartition("@")[2]
    if scheme.startswith("sqlite"):
        return place.removeprefix("/")
    host, slash, database = place.partition("/")
    return f"{host or 'this machine'}{slash}{database}"


def join_fleet() -> Engine:
    """Connects a script with the fleet of `phonefleet up` in this folder. Returns its ledger. Raises Refused."""
    find_redis_of_fleet()
    return open_ledger()


def find_redis_of_fleet() -> None:
    """Uses the Redis that `phonefleet up` runs in another terminal, unless PHONEFLEET_REDIS_URL names one.

    Call it before the first message is sent, because Celery reads its settings once.
    """
    settings.cache_clear()
    if not os.environ.get("PHONEFLEET_REDIS_URL"):
        from scripts.local.embedded import running_url  # noqa: PLC0415 - most commands send nothing, and need no Redis

        url = running_url(settings().var)
        if url is not None:
            os.environ["PHONEFLEET_REDIS_URL"] = url
    settings.cache_clear()


def operator(named: str = "") -> str:
    """Returns the operator's name: the given one, else the user of this machine."""
    return named.strip() or os.environ.get("USER", "") or "operator"
