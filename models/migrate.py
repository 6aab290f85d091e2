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
from sqlalchemy import Engine, text

_SCRIPTS = Path(__file__).parent / "migrations"
# One wait stays below the time after which a connection counts as dead.
_LOCK: dict[str, Any] = {"name": "phonefleet-upgrade", "wait": 10}
_LOCK_TRIES = 6


def upgrade(engine: Engine) -> None:
    """Make or change the tables as the newest version wants them. Does nothing when they are.

    Raises TimeoutError when another upgrade of the same ledger does not end.
    """
    with _alone(engine), engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Two hosts that start at once do not both make the tables. SQLite's write lock sees to that by itself.

    Held by a connection of its own until the upgrade is committed: MySQL commits each table as it is
    made, but the note of the version last.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect() as holder:
        for _ in range(_LOCK_TRIES):
            if holder.execute(text("SELECT GET_LOCK(:name, :wait)"), _LOCK).scalar() == 1:
                break
        else:
            raise TimeoutError(f"another upgrade of this ledger has not ended after {_LOCK_TRIES * _LOCK['wait']} s")
        try:
            yield
        finally:
            holder.execute(text("SELECT RELEASE_LOCK(:name)"), _LOCK)


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
