"""Backups of a ledger: one zip file with its rows as they were at one moment, and what they are.

Members: `about.json` (see About), and `ledger.db` (an SQLite database) or `ledger.sql` (SQL of the dump program).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData

from models.migrate import current
from scripts.local.mysql_client import CHUNK, dump, load

FORMAT = 1
ABOUT, SQLITE, SQL = "about.json", "ledger.db", "ledger.sql"
MOST_ABOUT = 10_000  # bytes
STEP_PAGES = 4096  # that SQLite copies before it lets others write


class NoBackup(ValueError):
    """A file is no backup that this version can read; says why."""


@dataclass(frozen=True, slots=True)
class About:
    """What a backup holds: the version of its tables, the kind of database, the moment (UTC, ISO 8601)."""

    format: int
    tables: str
    database: str
    at: str


def write_backup(engine: Engine, path: Path) -> About:
    """Writes a ledger into a new file that only this user may read. Raises OSError, ClientFailed, sqlite3.Error.

    The file appears whole or not at all. Writers go on meanwhile.
    """
    tables = current(engine) or ""
    about = About(FORMAT, tables, engine.dialect.name, datetime.now(UTC).isoformat(timespec="seconds"))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(beside, "x", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            archive.writestr(ABOUT, json.dumps(asdict(about)))
            if engine.dialect.name == "sqlite":
                _copy_sqlite(Path(str(engine.url.database)), archive, path.parent)
            else:
                with archive.open(SQL, "w", force_zip64=True) as member:
                    dump(engine.url, member)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        os.link(beside, path)  # unlike a rename it never replaces a file that somebody made meanwhile
    finally:
        beside.unlink(missing_ok=True)
    return about


def _copy_sqlite(ledger: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".phonefleet-", dir=folder) as room:
        copy = Path(room) / SQLITE
        with (
            closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as to,
        ):
            source.backup(to, pages=STEP_PAGES)
        archive.write(copy, SQLITE)


def read_about(path: Path) -> About:
    """Returns what a backup holds, after a look at every byte of it. Raises NoBackup, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(ABOUT).file_size > MOST_ABOUT:
                raise NoBackup(f"its {ABOUT} is too long")
            about = _about(json.loads(archive.read(ABOUT)))
            member = SQLITE if about.database == "sqlite" else SQL
            if set(archive.namelist()) != {ABOUT, member}:
                raise NoBackup(f"it holds something else than {ABOUT} and {member}")
            if (broken := archive.testzip()) is not None:
                raise NoBackup(f"{broken} is damaged")
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError) as error:
        raise (
            error if isinstance(error, NoBackup) else NoBackup(f"it is no backup, or a damaged one: {error}")
        ) from None
    return about


def _about(told: Any) -> About:
    names = {field.name for field in fields(About)}
    if not isinstance(told, dict) or set(told) != names or told["format"] != FORMAT:
        raise NoBackup(f"its {ABOUT} is not of format {FORMAT}: a newer phonefleet made it")
    if told["database"] not in ("sqlite", "mysql", "mariadb") or not all(
        isinstance(told[name], str) for name in ("tables", "at")
    ):
        raise NoBackup(f"its {ABOUT} says nothing that this version knows")
    return About(**told)


def restore_backup(engine: Engine, path: Path) -> None:
    """Puts a backup in place of all tables of a ledger. Raises OSError, ClientFailed, sqlite3.Error, DatabaseError.

    The caller has asked read_about(), and nobody else uses the ledger.
    """
    with zipfile.ZipFile(path) as archive:
        if engine.dialect.name == "sqlite":
            ledger = Path(str(engine.url.database))
            engine.dispose()
            _restore_sqlite(archive, ledger)
        else:
            drop_tables(engine)
            with archive.open(SQL) as member:
                load(engine.url, member)


def drop_tables(engine: Engine) -> None:
    """Drops every table of a database."""
    present = MetaData()
    present.reflect(engine)
    present.drop_all(engine)


def _restore_sqlite(archive: zipfile.ZipFile, ledger: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".phonefleet-", dir=ledger.parent) as room:
        copy = Path(room) / SQLITE
        with archive.open(SQLITE) as member, copy.open("xb") as out:
            shutil.copyfileobj(member, out, CHUNK)
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as source:
            (sound,) = source.execute("PRAGMA quick_check").fetchone()
            if sound != "ok":
                raise sqlite3.DatabaseError(f"the backup's database is damaged: {sound}")
            # through SQLite, so that a process that still has the file open sees the new rows
            with closing(sqlite3.connect(ledger, timeout=30)) as to:
                source.backup(to)


def same_kind(about: About, engine: Engine) -> bool:
    """Returns whether a backup can go into a ledger: SQLite into SQLite, MariaDB and MySQL into each other."""
    return (about.database == "sqlite") == (engine.dialect.name == "sqlite")
