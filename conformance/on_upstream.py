"""A pytest plugin for the suites of adbutils and uiautomator2: one simulated phone behind an adb server on port 5037.

`pytest -p conformance.on_upstream --upstream adbutils …`. The tests look for the server where it always is, so this
runs in a network of its own (`unshare --net`).
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.adbd import enter_own_network
from conformance.upstream import UPSTREAM
from tests.support.poll import wait_until
from tests.support.shelf import AdbServer, Shelf

PORT = 5037
READY_SECONDS = 30.0
REAL_PACE = 1.0
SUITES = {one.name: one for one in UPSTREAM}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which suite, and where its phone is."""
    parser.addoption("--upstream", choices=list(SUITES), required=True, help="the library whose suite this is")
    parser.addoption("--at-usb", action="store_true", help="phonesim is the adb server, and the phone hangs at USB")


def pytest_report_header(config: pytest.Config) -> str:
    """So that nobody takes the run for one on a real phone."""
    return "phone: phonesim's, " + ("at USB" if config.getoption("at_usb") else "behind the real adb server")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the suite's table says, and nothing else."""
    suite = SUITES[config.getoption("upstream")]
    names = {item: f"{item.path.name}::{item.name.partition('[')[0]}" for item in items}
    absent = sorted(set(suite.left_out) - set(names.values()))
    if absent:
        raise pytest.UsageError(f"conformance/left_out.py names tests that {suite.name} does not have: {absent}")
    left_out = set(suite.left_out) - set(suite.at_usb if config.getoption("at_usb") else ())
    config.hook.pytest_deselected(items=[item for item in items if names[item] in left_out])
    items[:] = [item for item in items if names[item] not in left_out]


@pytest.fixture(scope="session", autouse=True)
def _phone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The one phone, at a real phone's pace."""
    enter_own_network()
    if request.config.getoption("at_usb"):
        with _at_usb():
            yield
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        AdbServer(PORT) as server,
        Shelf(server, Path(folder) / "truth", speed=REAL_PACE),
    ):
        yield


@contextmanager
def _at_usb() -> Iterator[None]:
    command = [sys.executable, "-m", "phonesim", "--adb-port", str(PORT), "--die-with-parent"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(PORT), READY_SECONDS, "phonesim's adb server")
        yield
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
