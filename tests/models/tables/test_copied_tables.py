"""Tables that tests copy on MariaDB are those that the migrations make."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from models.database.engine import connect
from models.migrate import current, newest
from tests.support.ledger import copied
from tests.support.ledger.copied import make_tables
from tests.support.servers import MariaDB


def made_as(engine: Engine) -> dict[str, tuple[str, list[tuple[object, ...]]]]:
    """Each table's own words, and its rows."""
    with engine.connect() as connection:
        names = [str(name) for (name,) in connection.exec_driver_sql("SHOW TABLES")]
        return {
            name: (
                str(connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()[1]),
                [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM `{name}`")],  # noqa: S608
            )
            for name in names
        }


def test_a_copy_is_what_the_migrations_make(mariadb_server: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied, "_made", {})
    with mariadb_server.database() as first, mariadb_server.database() as second:
        migrated, copy = connect(first), connect(second)
        make_tables(migrated)  # with nothing to copy from, it migrates
        make_tables(copy)
        assert made_as(copy) == made_as(migrated)
        assert current(copy) == newest()
        make_tables(copy)  # changes nothing
        assert made_as(copy) == made_as(migrated)
        copy.dispose()
        migrated.dispose()
