"""Simulated phones for a worker to hold, and a worker of the first one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from models.fleet.phones import phone_online
from tests.support.phones import Hold, adb, hold, shelf
from tests.support.shelf import Shelf
from workers.execution.worker import Worker
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

__all__ = ["adb", "hold", "shelf"]


@pytest.fixture
def worker(shelf: Shelf, hold: Hold, ledger: Engine) -> Iterator[Worker]:
    """A worker of the first phone, to which nobody is connected; the ledger knows the phone."""
    told = shelf.phones[0]
    identity = WorkerIdentity(told["serial"], told["address"], shelf.adb.port, "test", "life-1", own_slot())
    phone_online(ledger, told["serial"], told["address"], "test", "SimPhone", "life-1")
    worker = Worker.of(identity, ledger, settings())
    yield worker
    worker.connection.close()
