"""Migrated ledgers of a test's own: copies of the one that each test process migrates, once for each kind of server."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, make_url

from models.database.engine import connect
from models.migrate import upgrade


def copied_ledger(url: str) -> Engine:
    """Connect to a new, empty ledger of the newest version. `url`: of an SQLite file that is not there."""
    _copy(Path(make_url(url).database or ""))
    return connect(url)


def _copy(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600, exist_ok=False)  # as `connect` makes it
    file.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        engine = connect(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()  # puts into the file what was beside it
        return file.read_bytes()


Statement = tuple[str, tuple[Any, ...]]
_made: dict[str, Sequence[Statement]] = {}  # a server's version → what makes the tables of the newest version there
_COUNTED = re.compile(r" AUTO_INCREMENT=\d+")


def make_tables(engine: Engine) -> None:
    """Make a ledger of the newest version in an empty database.

    On a server like one that this process migrated before, its tables are made as they became there: that takes a
    tenth of the time of all migrations, which tests/models/tables runs. An SQLite file is copied.
    """
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "")
        if file.exists():
            upgrade(engine)
        else:
            _copy(file)
        return
    with engine.connect() as connection:
        version = str(connection.exec_driver_sql("SELECT VERSION()").scalar_one())
        is_empty = not _tables(connection)
    if version not in _made or not is_empty:
        upgrade(engine)
        with engine.connect() as connection:
            _made[version] = list(_statements(connection))
        return
    with engine.begin() as connection:
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        for statement, values in _made[version]:
            connection.exec_driver_sql(statement, values)
        connection.exec_driver_sql("SET foreign_key_checks = 1")


def _tables(connection: Connection) -> Sequence[str]:
    return [str(name) for (name,) in connection.exec_driver_sql("SHOW TABLES")]


def _statements(connection: Connection) -> Iterator[Statement]:
    for name in _tables(connection):
        (_, made) = connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()
        yield _COUNTED.sub("", made).replace("%", "%%"), ()
        for row in connection.exec_driver_sql(f"SELECT * FROM `{name}`"):  # noqa: S608 - the server's own name
            yield f"INSERT INTO `{name}` VALUES ({', '.join(['%s'] * len(row))})", tuple(row)  # noqa: S608
