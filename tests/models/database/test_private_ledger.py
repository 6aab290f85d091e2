"""An SQLite ledger is its owner's alone, whatever the umask of the script that makes it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database.engine import connect
from models.migrate import upgrade


@pytest.fixture
def _easy_going() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_easy_going")
def test_a_ledger_and_what_lies_beside_it_are_private(tmp_path: Path) -> None:
    file = tmp_path / "var" / "phonefleet.db"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine)
    with engine.connect():
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (file.parent, *file.parent.iterdir())}
    engine.dispose()
    assert modes.pop("var") == 0o700
    assert {"phonefleet.db", "phonefleet.db-wal", "phonefleet.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_ledger_that_nobody_opens_is_not_made(tmp_path: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'phonefleet.db'}").dispose()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_easy_going")
def test_the_modes_of_a_ledger_that_is_there_are_its_owners_to_choose(tmp_path: Path) -> None:
    file = tmp_path / "phonefleet.db"
    file.touch(0o640)
    engine = connect(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
