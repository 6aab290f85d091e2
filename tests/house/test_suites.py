"""Tests mirror the rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIRRORED = ("gateway", "models", "scripts", "workers")


def rooms_of(folder: Path) -> set[str]:
    """The rooms of a folder: packages in it that hold more than their own name. Migrations are no room, but scripts."""
    return {path.parent.name for path in folder.glob("*/*.py") if path.name != "__init__.py"} - {"migrations"}


@pytest.mark.parametrize("name", MIRRORED)
def test_each_room_has_a_folder_of_tests_and_each_folder_a_room(name: str) -> None:
    tested = {path.parent.name for path in (ROOT / "tests" / name).glob("*/test_*.py")}
    assert tested == rooms_of(ROOT / name)
    assert rooms_of(ROOT / "tests" / name) == tested
