"""Tests mirror the rooms, and suites stand alone: what two of them share lies in tests/support."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
MIRRORED = ("gateway", "models", "scripts", "workers")


def leans(importer: str, imported: str) -> bool:
    """Does this import lean on a suite that is not its own?

    A suite is a folder of tests. Its files may import each other, the conftest of a folder around it, and
    tests.support.
    """
    *folder, name = imported.split(".")
    own = importer.split(".")[:-1]
    if folder[:1] != ["tests"] or folder[:2] == ["tests", "support"]:
        return False
    return folder != own and not (name == "conftest" and own[: len(folder)] == folder)


def leaning(graph: grimp.ImportGraph) -> Iterator[str]:
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            if leans(importer, imported):
                yield f"{importer} imports {imported}"


def rooms_of(folder: Path) -> set[str]:
    """The rooms of a folder: packages in it that hold more than their own name. Migrations are no room, but scripts."""
    return {path.parent.name for path in folder.glob("*/*.py") if path.name != "__init__.py"} - {"migrations"}


@pytest.mark.parametrize("name", MIRRORED)
def test_each_room_has_a_folder_of_tests_and_each_folder_a_room(name: str) -> None:
    tested = {path.parent.name for path in (ROOT / "tests" / name).glob("*/test_*.py")}
    assert tested == rooms_of(ROOT / name)
    assert rooms_of(ROOT / "tests" / name) == tested


def test_nobody_leans_on_a_suite_that_is_not_its_own() -> None:
    assert sorted(leaning(grimp.build_graph(*ROOMS, cache_dir=None))) == []


@pytest.mark.parametrize(
    ("importer", "imported", "found"),
    [
        ("tests.kills.test_a", "tests.kills.fleet", False),
        ("tests.kills.test_a", "tests.support.poll", False),
        ("tests.kills.test_a", "tests.support.ledger.drive", False),
        ("tests.gateway.api.test_a", "tests.gateway.conftest", False),
        ("tests.gateway.test_a", "workers.canvas", False),
        ("tests.kills.test_a", "tests.fleet.test_b", True),
        ("tests.gateway.api.test_a", "tests.gateway.keys.test_b", True),
        ("tests.gateway.api.test_a", "tests.gateway.keys.conftest", True),
        ("tests.gateway.api.test_a", "tests.gateway.helper", True),
        ("tests.gateway.test_a", "tests.gateway.api.conftest", True),
        ("tests.support.fleet", "tests.fleet.test_b", True),
        ("benchmarks.fleet", "tests.fleet.test_b", True),
        ("workers.canvas.compile", "tests.canvas.plans", True),
    ],
)
def test_who_leans_on_whom(importer: str, imported: str, found: bool) -> None:
    assert leans(importer, imported) is found
