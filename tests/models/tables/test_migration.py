"""The migrations make the very tables that the code declares, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

import models
from models.database.engine import connect
from models.migrate import current, newest, upgrade
from models.tables import Task, metadata_of_all
from tests.support.ledger.drive import plant, rows_in, work
from tests.support.threads import at_once


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


def test_an_upgrade_from_nothing_gives_the_tables_that_the_code_declares(empty: Engine) -> None:
    assert current(empty) is None
    upgrade(empty)
    assert current(empty) == newest()
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata_of_all()) == []


def test_tables_made_from_the_code_have_the_options_of_their_database(empty: Engine) -> None:
    metadata_of_all().create_all(empty)
    with empty.connect() as connection:
        if empty.dialect.name == "sqlite":
            made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'text_grams'").scalar_one()
            assert made.rstrip().endswith("WITHOUT ROWID")
            return
        found = connection.exec_driver_sql(
            "SELECT DISTINCT engine, table_collation FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        assert found.all() == [("InnoDB", "utf8mb4_bin")]
        length = connection.exec_driver_sql(
            "SELECT sub_part FROM information_schema.statistics "
            "WHERE table_schema = DATABASE() AND index_name = 'ix_comments_commenter'"
        )
        assert length.scalar_one() == 191


def test_a_second_upgrade_changes_nothing(empty: Engine) -> None:
    upgrade(empty)
    plant(empty, work(1))
    upgrade(empty)
    assert rows_in(empty, Task) == 1


def test_hosts_that_upgrade_at_once_do_not_disturb_each_other(empty: Engine) -> None:
    at_once([partial(upgrade, empty) for _ in range(3)])
    assert current(empty) == newest()
    assert set(inspect(empty).get_table_names()) == {*metadata_of_all().tables, "alembic_version"}


def test_the_newest_version_is_the_one_that_alembic_would_go_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(models.__file__).parent / "migrations"))
    assert newest() == ScriptDirectory.from_config(config).get_current_head()
