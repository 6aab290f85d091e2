"""Shelves of simulated phones behind the real adb server, and the stock uiautomator2 on them."""

from __future__ import annotations

from collections.abc import Iterator

import adbutils
import pytest
import uiautomator2

from tests.support.shelf import AdbServer, Shelf

PACKAGE = "com.phonefleet.practice"


@pytest.fixture(scope="session")
def adb_server() -> Iterator[AdbServer]:
    """The adb server that adbutils bundles, on a port of its own, also for uiautomator2's global client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADB_USB", "0")  # where no USB is, adb looks for it for three seconds
        patch.setenv("ADB_EMU", "0")  # nor does it look for emulators
        with AdbServer() as server:
            patch.setattr(adbutils, "adb", server.client)
            patch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
            yield server


@pytest.fixture(scope="module")
def shelf(adb_server: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Three phones without delays, and one account more than phones."""
    truth = tmp_path_factory.mktemp("phonesim") / "truth.jsonl"
    with Shelf(adb_server, truth, phones=3, accounts=4) as shelf:
        yield shelf


@pytest.fixture
def phone(shelf: Shelf) -> Iterator[adbutils.AdbDevice]:
    """The first phone through adbutils; its faults are healed afterwards."""
    yield shelf.adb.client.device(shelf.phones[0]["address"])
    shelf.heal()


@pytest.fixture(scope="module")
def connected(shelf: Shelf) -> uiautomator2.Device:
    """The first phone through the stock uiautomator2."""
    return uiautomator2.connect(shelf.phones[0]["address"])


@pytest.fixture
def d(connected: uiautomator2.Device, shelf: Shelf) -> Iterator[uiautomator2.Device]:
    """The first phone with the practice app freshly started; its faults are healed afterwards."""
    connected.app_start(PACKAGE, stop=True)
    yield connected
    shelf.heal()


def named(name: str) -> str:
    """The whole resource id of a name of docs/practice-app.md."""
    return f"{PACKAGE}:id/{name}"
