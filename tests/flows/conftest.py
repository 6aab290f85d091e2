"""Flows on a simulated phone: real adb server, real transport, the world's own log to hold them against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.rig import Rig
from tests.support.shelf import AdbServer, Shelf


@pytest.fixture(scope="session")
def adb() -> Iterator[AdbServer]:
    """A real adb server of this test process."""
    with AdbServer() as server:
        yield server


@pytest.fixture(scope="module")
def shelf(adb: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A phone of a fresh world, without delays; the world has two accounts more."""
    truth: Path = tmp_path_factory.mktemp("phonesim") / "truth.jsonl"
    with Shelf(adb, truth, phones=1, accounts=3) as simulated:
        yield simulated


@pytest.fixture
def rig(shelf: Shelf) -> Iterator[Rig]:
    """A phone in the hand, and what is needed to run flows on it."""
    with Rig(shelf) as held:
        yield held
        shelf.heal()
