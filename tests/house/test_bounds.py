"""Files and functions stay short enough to be read at once, and a listing of a room stays short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
MOST_LINES = 300  # of a file
MOST_TEST_LINES = 400  # of a file of tests, which is read test by test
MOST_CODE = 40  # lines of a function, its docstring not counted
MOST_ENTRIES = {"workers": 20, "gateway": 14, "models": 14, "scripts": 14}  # that `ls` lists

# A migration is never changed once it was run, and is one list of statements.
MIGRATIONS = ROOT / "models" / "migrations" / "versions"
LISTS = {"scripts/local/units.py: unit"}  # functions that are nothing but a list of settings


def sources(room: str) -> Iterator[Path]:
    return (path for path in (ROOT / room).rglob("*.py") if MIGRATIONS not in path.parents)


def long_functions(source: str, most: int = MOST_CODE) -> Iterator[str]:
    """The names of functions with more than `most` lines from `def` to the end, without their docstrings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            told = 0 if ast.get_docstring(node) is None else (first.end_lineno or 0) - first.lineno + 1
            if (node.end_lineno or 0) - node.lineno + 1 - told > most:
                yield node.name


def long_files(room: str, most: int) -> list[str]:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(room)}
    return sorted(f"{path.relative_to(ROOT)}: {count} lines" for path, count in lines.items() if count > most)


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_short(room: str) -> None:
    assert long_files(room, MOST_LINES) == []


def test_files_of_tests_are_short() -> None:
    assert long_files("tests", MOST_TEST_LINES) == []


def test_functions_are_short() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for room in ROOMS
        for path in sources(room)
        for name in long_functions(path.read_text(encoding="utf-8"))
    }
    assert found == LISTS


@pytest.mark.parametrize("room", MOST_ENTRIES)
def test_a_listing_of_a_room_is_short(room: str) -> None:
    listed = [path.name for path in (ROOT / room).iterdir() if path.name != "__pycache__" and path.name[0] != "."]
    assert len(listed) <= MOST_ENTRIES[room], sorted(listed)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def short():\n    pass\n", []),
        ("def even():\n    a = 1\n    return a\n", []),
        ("def long():\n    a = 1\n    b = 2\n    return a\n", ["long"]),
        ('def told():\n    """One.\n\n    Two.\n    """\n    a = 1\n    return a\n', []),
        ("class C:\n    async def long(self):\n        a = 1\n        b = 2\n        return a\n", ["long"]),
        ("def f():\n    def inner():\n        a = 1\n        return a\n", ["f"]),
    ],
)
def test_lines_of_a_function_are_counted_without_its_docstring(source: str, found: list[str]) -> None:
    assert list(long_functions(source, most=3)) == found
