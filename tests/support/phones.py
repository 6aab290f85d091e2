"""Two simulated phones behind a real adb server, and the product's hand on one of them: fixtures for a conftest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.shelf import AdbServer, Shelf
from workers.phone.phone import U2Phone

PACKAGE = "com.phonefleet.practice"
Hold = Callable[[float], U2Phone]


@pytest.fixture(scope="module")
def adb() -> Iterator[AdbServer]:
    """A real adb server of this test module."""
    with AdbServer() as server:
        yield server


@pytest.fixture(scope="module")
def shelf(adb: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Two phones without delays."""
    with Shelf(adb, tmp_path_factory.mktemp("phonesim") / "truth.jsonl", phones=2) as simulated:
        yield simulated
        simulated.heal("*")


@pytest.fixture
def hold(shelf: Shelf) -> Iterator[Hold]:
    """Take the first phone in hand for a task that has so many seconds left."""
    held: list[U2Phone] = []

    def take(seconds: float) -> U2Phone:
        end = time.monotonic() + seconds
        described = shelf.phones[0]
        phone = U2Phone.connect(
            described["address"], described["serial"], shelf.adb.port, lambda: end - time.monotonic()
        )
        held.append(phone)
        return phone

    shelf.heal("*")
    yield take
    for phone in held:
        phone.close()
    shelf.heal("*")
