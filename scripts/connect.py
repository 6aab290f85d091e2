"""Connects commands and scripts with the fleet: the ledger, Redis, and the name of the operator."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DatabaseError

from models.database.engine import connect
from models.database.rights import CHANGING, WORKING
from models.migrate import UnknownVersion, current, knows, newest, upgrade
from models.responsible_use.operator_zone import check_zone
from models.values.refused import Refused, refuse
from workers.runtime.process_engine import process_engine
from workers.settings import settings

# The errors of a ledger that cannot be used: no server, no file, no access, no database, no driver.
UNREACHABLE = (DatabaseError, UnknownVersion, ModuleNotFoundError, OSError)

WORK_URL, DDL_URL = "PHONEFLEET_DATABASE_URL", "PHONEFLEET_DATABASE_DDL_URL"
DOCTOR = "phonefleet doctor looks closer"
# {variable}: the one whose address was used
MENDED_BY = {
    1044: "give this user the right to the database, or name another one",
    1045: "correct user and password in {variable}",
    1049: "create the database, or correct its name in {variable}",
    2002: "start the database, or correct host and port in {variable}",
    2003: "start the database, or correct host and port in {variable}",
    2005: "correct the host in {variable}",
    2026: "correct ssl_ca in {variable}: the authority that signed the certificate of the host that is named there",
}
NO_RIGHT = frozenset({1142, 1143, 1227, 1370})


def open_ledger(*, any_zone: bool = False) -> Engine:
    """Opens the ledger of this installation; creates or migrates an SQLite one.

    Raises Refused, also when this process counts days in another time zone than the fleet, unless `any_zone`.
    """
    try:
        engine = process_engine()
        found = current(engine)
        if found == newest():
            pass
        elif engine.dialect.name == "sqlite":
            upgrade(engine)
        elif found is not None and not knows(found):
            reason = f"the tables of {address()} are of a newer version"
            raise refuse("PHONEFLEET_DATABASE_URL", reason, "use the version of phonefleet that made them")
        else:
            reason = f"the tables of {address()} are not those of this version"
            raise refuse(
                "PHONEFLEET_DATABASE_URL", reason, "back them up, then bring them up to date: phonefleet migrate"
            )
        if not any_zone:
            check_zone(engine, settings().timezone.key)
    except UNREACHABLE as error:
        raise unreachable(error) from error
    return engine


def existing_ledger() -> Engine:
    """As `open_ledger`, for a command that only makes sense with a fleet: it makes no new ledger. Raises Refused."""
    url = make_url(settings().database_url)
    if url.get_backend_name() == "sqlite" and url.database and _could_be_made(Path(url.database)):
        raise refuse(
            WORK_URL, f"there is no ledger at {address()} yet", "start the fleet: phonefleet up; or name its ledger"
        )
    return open_ledger()


def _could_be_made(file: Path) -> bool:
    """Tells whether there is no such file, and nothing in the place of its folders."""
    return not file.exists() and next(one for one in file.absolute().parents if one.exists()).is_dir()


def migrate_ledger() -> str:
    """Migrates the ledger's tables to this version. Returns their version. Raises Refused."""
    # no other command needs them
    from models.history.records.count_days import count_days  # noqa: PLC0415
    from models.history.records.partitions import make_months  # noqa: PLC0415

    try:
        engine = connect(ddl_url())
        try:
            upgrade(engine)
            now, days = datetime.now(UTC), settings().keep_record_days
            make_months(engine, now, drop_before=now - timedelta(days=days) if days else None)
            count_days(engine)
        finally:
            engine.dispose()
    except (*UNREACHABLE, TimeoutError) as error:
        raise not_migrated(error) from error
    if settings().database_ddl_url:
        _check_same_ledger()
    return newest()


def not_migrated(error: BaseException) -> Refused:
    """Returns the refusal that tells why the ledger's tables cannot be brought up to date."""
    return unreachable(error, DDL_URL if settings().database_ddl_url else WORK_URL, CHANGING)


def ddl_url() -> str:
    """Returns the address whose user may change the ledger's tables."""
    return settings().database_ddl_url or settings().database_url


def _check_same_ledger() -> None:
    try:
        found = current(process_engine())
    except UNREACHABLE as error:
        raise unreachable(error) from error
    if found != newest():
        reason = f"{address(ddl_url())} has the tables now, and {address()} has not"
        raise refuse(DDL_URL, reason, f"name the database of {WORK_URL}, with another user")


def unreachable(error: BaseException, variable: str = WORK_URL, rights: Sequence[str] = WORKING) -> Refused:
    """Returns the refusal that tells why the ledger cannot be used.

    `variable` holds the address that was used; `rights` are those that its user needs.
    """
    used = address(ddl_url() if variable == DDL_URL else settings().database_url)
    if isinstance(error, ModuleNotFoundError):
        remedy = "install the extra: pip install 'phonefleet[mysql]'; phonefleet doctor says what it needs"
        return refuse(variable, f"{used} needs a driver that is not installed: {error}", remedy)
    if isinstance(error, UnknownVersion):
        return refuse(variable, f"{used}: {error}", "use the version of phonefleet that made it")
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        folder = error.filename or used
        reason = f"no answer from the ledger at {used}: {folder}: {_of_folder(error)}"
        remedy = f"name a file in a folder that may be written, or correct PHONEFLEET_VAR; {DOCTOR}"
        return refuse(variable, reason, remedy)
    code, said = _said_by_database(error)
    if code in NO_RIGHT:
        return _no_right(variable, f"{used}: {said} ({code})", rights)
    told = f"{said} ({code})" if code else said
    remedy = MENDED_BY.get(code, "").format(variable=variable)
    return refuse(variable, f"no answer from the ledger at {used}: {told}", f"{remedy}; {DOCTOR}" if remedy else DOCTOR)


def _no_right(variable: str, reason: str, rights: Sequence[str]) -> Refused:
    remedy = f"GRANT {', '.join(rights)} ON the database TO this user"
    if variable == WORK_URL and rights == CHANGING:
        remedy = f"name a user that may change tables in {DDL_URL}, or {remedy}"
    return refuse(variable, reason, remedy)


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


def address(url: str | None = None) -> str:
    """Returns the ledger's address, by default that of the settings, without user, password and options."""
    scheme, _, rest = (url or settings().database_url).partition("://")
    place = rest.rpartition("@")[2]
    if scheme.startswith("sqlite"):
        return place.removeprefix("/")
    host, slash, database = place.partition("?")[0].partition("/")
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
