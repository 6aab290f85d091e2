"""No circle of imports: neither between two files, wherever they lie, nor between two rooms at the top."""

from __future__ import annotations

from collections.abc import Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))

EXAMPLES = ["scripts", "examples"]  # above all rooms: they use phonefleet as a stranger's script does


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom: every file of every room, imports for type checkers and inside functions too."""
    return grimp.build_graph(*ROOMS, cache_dir=None)


def imports_of(graph: grimp.ImportGraph) -> dict[str, Set[str]]:
    """What each file imports of ours."""
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle_in(edges: Mapping[str, Set[str]]) -> list[str]:
    """The names along a circle, the first one again at its end; empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def between(edges: Mapping[str, Set[str]]) -> dict[str, Set[str]]:
    """The same between rooms: the folder at the top that a file lies in, and of the tests the folder below it."""
    found: dict[str, set[str]] = {}
    for module, imported in edges.items():
        found.setdefault(room(module), set()).update(map(room, imported))
    return {name: others - {name} for name, others in found.items()}


def room(module: str) -> str:
    parts = module.split(".")
    if parts[:2] == EXAMPLES:
        return ".".join(EXAMPLES)
    return ".".join(parts[: 2 if parts[0] == "tests" else 1])


def test_no_circle_between_files(graph: grimp.ImportGraph) -> None:
    assert circle_in(imports_of(graph)) == []


def test_no_circle_between_rooms(graph: grimp.ImportGraph) -> None:
    assert circle_in(between(imports_of(graph))) == []


CIRCLES = {
    "two files": {"a": "from {0}.b import x", "b": "import {0}.a"},
    "only types": {
        "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {0}.b import X",
        "b": "import {0}.a",
    },
    "inside a function": {"a": "def f():\n    from {0} import b", "b": "from {0} import a"},
    "three files in two folders": {"a": "import {0}.c.d", "b": "import {0}.a", "c/__init__": "", "c/d": "import {0}.b"},
    "a folder and a file of it": {"a": "", "c/__init__": "from {0}.c.d import x", "c/d": "from {0}.c import y"},
}


@pytest.mark.parametrize("name", CIRCLES)
def test_every_kind_of_circle_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = "circle_of_" + name.replace(" ", "_")
    for path, text in {"__init__": "", **CIRCLES[name]}.items():
        file = tmp_path / package / f"{path}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(package) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = circle_in(imports_of(grimp.build_graph(package, cache_dir=None)))
    assert len(found) > 2
    assert found[0] == found[-1]


def test_rooms_can_make_a_circle_where_their_files_make_none() -> None:
    files: dict[str, Set[str]] = {"a.x": {"b.y"}, "b.z": {"a.w"}, "a.w": set(), "b.y": set()}
    assert circle_in(files) == []
    assert sorted(set(circle_in(between(files)))) == ["a", "b"]
    assert circle_in(between({**files, "b.z": {"b.y"}})) == []
