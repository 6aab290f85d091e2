"""A migrated ledger on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from models.engine import connect
from models.migrate import upgrade


@pytest.fixture
def ledger(database_url: str) -> Iterator[Engine]:
    """An empty ledger of the newest version: on SQLite, then on MariaDB."""
    engine = connect(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()
