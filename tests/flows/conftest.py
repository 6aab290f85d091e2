"""Flows on a simulated phone: real adb server, real transport, the world's own log to hold them against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phonesim.world import Emoji
from tests.flows.rig import HASTE, Rig
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


@pytest.fixture(scope="module")
def rough_shelf(adb: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """The same, as rough as real phones are, and in a hurry: what comes late is late by 0.14 s."""
    truth: Path = tmp_path_factory.mktemp("phonesim") / "truth.jsonl"
    with Shelf(adb, truth, phones=1, accounts=3, rough="", haste=HASTE) as simulated:
        yield simulated


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test with a phone runs on a kind one and on a rough one, but those that say why not."""
    kind_alone = metafunc.definition.get_closest_marker("kind_phone")
    if kind_alone is not None:
        assert kind_alone.args, "kind_phone needs a reason"
    elif "rig" in metafunc.fixturenames:
        metafunc.parametrize("rig", ["kind", "rough"], indirect=True)


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A phone in the hand, and what is needed to run flows on it."""
    rough = getattr(request, "param", "kind") == "rough"
    shelf: Shelf = request.getfixturevalue("rough_shelf" if rough else "shelf")
    with Rig(shelf, Emoji.EVERY if rough else Emoji.SOME, rough=rough) as held:
        yield held
        shelf.heal()
