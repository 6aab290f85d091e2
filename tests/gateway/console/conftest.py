"""The console of a test's own, on a small ledger of a Monday morning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.console.browser import chromium
from tests.support.console.monday import monday
from tests.support.console.pages import furnish
from tests.support.console.quick_passwords import hash_quickly
from tests.support.console.served import Served, served
from tests.support.installation import Installation, installation

PHONES = 12
hash_quickly()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A ledger without anything in it."""
    with installation(tmp_path / "var", monkeypatch) as made:
        yield made


@pytest.fixture
def console(here: Installation) -> Iterator[Served]:
    """A console, for a test that changes something."""
    monday(here.engine, PHONES)
    with served(here.engine) as made:
        yield made


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console that the tests of a module only look at."""
    with pytest.MonkeyPatch.context() as patch, installation(tmp_path_factory.mktemp("console") / "var", patch) as made:
        monday(made.engine, PHONES)
        with served(made.engine) as one:
            yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this file."""
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def furnished(shown: Served) -> Served:
    """The console of this module with something on every page."""
    furnish(shown)
    return shown
