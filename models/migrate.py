"""Bring a ledger's tables to the newest version, or tell how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK: dict[str, Any] = {"name": "phonefleet-upgrade", "wait": 60}


def upgrade(engine: Engine) -> None:
    """Make or change the tables as the newest version wants them. Does nothing when they are."""
    with engine.begin() as connection, _alone(connection):
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Two hosts that start at once do not both make the tables. SQLite's write lock is held already."""
    if connection.dialect.name == "sqlite":
        yield
        return
    if connection.execute(text("SELECT GET_LOCK(:name, :wait)"), _LOCK).scalar() != 1:
        raise TimeoutError(f"another upgrade of this ledger has not ended after {_LOCK['wait']} s")
    try:
        yield
    finally:
        connection.execute(text("SELECT RELEASE_LOCK(:name)"), _LOCK)


def newest() -> str:
    """The newest version that this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def current(engine: Engine) -> str | None:
    """The version of a ledger's tables; None when it has none yet."""
    with engine.connect().execution_options(reads_only=True) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
