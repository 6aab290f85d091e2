"""The ground that commands stand on: the ledger, migrated or refused in words, and who asks."""

from __future__ import annotations

import os

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from models.migrate import UnknownVersion, current, newest, upgrade
from models.refused import Refused, refuse
from workers.ledger import ledger
from workers.settings import settings

# What a ledger that cannot be reached raises: no server, no file, no right to it, not a database, no driver.
UNREACHABLE = (DatabaseError, UnknownVersion, ModuleNotFoundError, OSError)


def open_ledger() -> Engine:
    """The ledger of this installation; an SQLite one is made when it is not there. Raises Refused."""
    try:
        engine = ledger()
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
    """Make or change the ledger's tables as this version wants them; their version. Raises Refused."""
    try:
        engine = ledger()
        upgrade(engine)
    except (*UNREACHABLE, TimeoutError) as error:
        raise unreachable(error) from error
    return newest()


def unreachable(error: BaseException) -> Refused:
    """What to tell of a ledger that cannot be used."""
    if isinstance(error, ModuleNotFoundError):
        remedy = "install the extra: pip install 'phonefleet[mysql]'; phonefleet doctor says what it needs"
        return refuse("PHONEFLEET_DATABASE_URL", f"{address()} needs a driver that is not here: {error}", remedy)
    if isinstance(error, UnknownVersion):
        return refuse("PHONEFLEET_DATABASE_URL", f"{address()}: {error}", "use the version of phonefleet that made it")
    reason = f"no answer from the ledger at {address()}: {getattr(error, 'orig', None) or error}"
    return refuse("PHONEFLEET_DATABASE_URL", reason, "phonefleet doctor looks closer")


def address() -> str:
    """Where the ledger is, without the password."""
    scheme, _, rest = settings().database_url.partition("://")
    return rest.rpartition("@")[2].removeprefix("/") if scheme.startswith("sqlite") else rest.rpartition("@")[2]


def join_fleet() -> Engine:
    """For scripts: the ledger of the fleet that `phonefleet up` runs from this folder. Raises Refused."""
    find_redis_of_fleet()
    return open_ledger()


def find_redis_of_fleet() -> None:
    """Talk to the Redis that `phonefleet up` runs in another terminal, unless PHONEFLEET_REDIS_URL names one.

    To be called before the first message is sent: Celery reads its settings once.
    """
    settings.cache_clear()
    if not os.environ.get("PHONEFLEET_REDIS_URL"):
        from scripts.embedded import running_url  # noqa: PLC0415 - most commands send nothing, and need no Redis

        url = running_url(settings().var)
        if url is not None:
            os.environ["PHONEFLEET_REDIS_URL"] = url
    settings.cache_clear()


def operator(named: str = "") -> str:
    """Who asks: the one named, else the user of this machine."""
    return named.strip() or os.environ.get("USER", "") or "operator"
