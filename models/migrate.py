"""Migrates a ledger's tables to the newest version, and reads their version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, column, inspect, select, table, text

from models.database.engine import TABLES, connect
from models.database.rights import try_to_change_tables

_SCRIPTS = Path(__file__).parent / "migrations"
_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_DOWN = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)
_VERSION = table("alembic_version", column("version_num"))  # where Alembic keeps it
# One wait is shorter than the time after which a connection counts as dead.
_LOCK: dict[str, Any] = {"name": "phonefleet-upgrade", "wait": 10}
_LOCK_TRIES = 6


class UnknownVersion(RuntimeError):
    """The tables have a version that this code does not know, usually a newer one."""


def upgrade(engine: Engine) -> None:
    """Creates or changes the tables for the newest version. Does nothing when they have it.

    Raises UnknownVersion, TimeoutError when another upgrade of the same ledger does not end, and DatabaseError when
    the user may not change tables: then nothing was changed.
    """
    # These imports take half a second, which a command with up-to-date tables does not need.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    with _patient(engine) as patient, _alone(patient):
        if patient.dialect.name != "sqlite" and current(patient) != newest():
            try_to_change_tables(patient)
        with patient.begin() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise UnknownVersion(str(error)) from error


@contextmanager
def _patient(engine: Engine) -> Iterator[Engine]:
    """Connects anew, with time limits for changes of large tables under work; SQLite has one writer in any case."""
    if engine.dialect.name == "sqlite":
        yield engine
        return
    patient = connect(engine.url.render_as_string(hide_password=False), TABLES)
    try:
        yield patient
    finally:
        patient.dispose()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Holds a lock, so that two hosts that start at once do not both migrate. SQLite's write lock does the same.

    A separate connection holds the lock until the migration is committed, because MySQL commits each table at once,
    and the version last.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect() as holder:
        for _ in range(_LOCK_TRIES):  # one long wait in parts; this retries no failed work
            if holder.execute(text("SELECT GET_LOCK(:name, :wait)"), _LOCK).scalar() == 1:
                break
        else:
            raise TimeoutError(f"another upgrade of this ledger has not ended after {_LOCK_TRIES * _LOCK['wait']} s")
        try:
            yield
        finally:
            holder.execute(text("SELECT RELEASE_LOCK(:name)"), _LOCK)


def newest() -> str:
    """Returns the newest version that this code knows. Reads the files as text, because importing Alembic is slow."""
    told = [file.read_text(encoding="utf-8") for file in (_SCRIPTS / "versions").glob("*.py")]
    followed = {found[1] for text in told if (found := _DOWN.search(text))}
    (head,) = {found[1] for text in told if (found := _REVISION.search(text))} - followed
    return head


def knows(version: str) -> bool:
    """Returns whether this code can bring tables of this version to its newest one."""
    told = (file.read_text(encoding="utf-8") for file in (_SCRIPTS / "versions").glob("*.py"))
    return version in {found[1] for text in told if (found := _REVISION.search(text))}


def current(engine: Engine) -> str | None:
    """Returns the version of a ledger's tables; None when it has none yet."""
    with engine.connect().execution_options(reads_only=True) as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        return connection.scalar(select(_VERSION.c.version_num))
