"""Storages of both kinds, a ledger with an attempt in it, and a simulated phone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.ledger.copied import copied_ledger
from tests.support.shelf import AdbServer, Shelf
from tests.workers.evidence.s3 import BUCKET, make_bucket, s3_server, speak_s3
from workers.evidence.location import StorageLocation
from workers.evidence.storage import Storage
from workers.runtime.slots import own_slot
from workers.runtime.watch import SlotWatch

NewWatch = Callable[..., SlotWatch]


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """An S3-speaking server for this test process."""
    with s3_server() as address:
        yield address


@pytest.fixture
def s3_place(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> StorageLocation:
    """A prefix of this test's own in the customer's bucket, the environment set so that it is reached."""
    speak_s3(monkeypatch, s3_address)
    make_bucket()
    return StorageLocation.of(f"s3://{BUCKET}/phonefleet/{uuid.uuid4().hex[:8]}")


@pytest.fixture
def folder_place(tmp_path: Path) -> StorageLocation:
    """A folder that is not there yet."""
    return StorageLocation.of(str(tmp_path / "evidence"))


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Both storages, one after the other: whatever asks for this runs on each."""
    return Storage(request.getfixturevalue(f"{request.param}_place"))


@pytest.fixture
def sqlite_ledger(sqlite_database: str) -> Iterator[Engine]:
    """An empty ledger on SQLite, where the database makes no difference."""
    engine = copied_ledger(sqlite_database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """One phone without delays behind a real adb server."""
    with AdbServer() as adb, Shelf(adb, tmp_path_factory.mktemp("phonesim") / "truth.jsonl") as simulated:
        yield simulated
        simulated.heal("*")


@pytest.fixture
def new_watch() -> NewWatch:
    """Makes a watch over a running attempt, with so many seconds of lease, hard limit and soft limit left."""

    def make(lease: float = 60.0, hard: float = 60.0, soft: float = 60.0) -> SlotWatch:
        slot, now = own_slot(), time.monotonic()
        slot.begin(str(uuid.uuid4()), 1, lease_until=now + lease, hard_limit=now + hard)
        return SlotWatch(slot, soft)

    return make
