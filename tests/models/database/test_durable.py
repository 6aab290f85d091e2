"""What is committed to SQLite is on the disk."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine

from tests.support.ledger.haste import as_the_product_does

FULL = 2


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """The engine itself, before the tests' own haste: see tests/support/ledger/haste.py."""
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    as_the_product_does(engine)
    with engine.connect() as connection:
        asked = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    engine.dispose()
    assert (asked, journal) == (FULL, "wal")
