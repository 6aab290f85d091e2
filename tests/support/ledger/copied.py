"""Migrated SQLite ledgers of a test's own: copies of one that each test process migrates once."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, make_url

from models.database.engine import connect
from models.migrate import upgrade


def copied_ledger(url: str) -> Engine:
    """Connect to a new, empty ledger of the newest version. `url`: of an SQLite file that is not there."""
    file = Path(make_url(url).database or "")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600, exist_ok=False)  # as `connect` makes it
    file.write_bytes(_migrated())
    return connect(url)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        engine = connect(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()  # puts into the file what was beside it
        return file.read_bytes()
