"""The package `phonefleet`: each of its names is there, documented, typed, and imported when it is asked for."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from configparser import ConfigParser
from types import ModuleType

import pytest

import phonefleet
from tests.support.documents import ROOT, blocks, prose
from tests.support.heavy import HEAVY
from workers.desk import DESK, MAPS
from workers.tasks import FLOW_TASKS

MODULES = ["phonefleet", "phonefleet.client", "phonefleet.desk", "phonefleet.flows"]
NAMES = [(module, name) for module in MODULES for name in importlib.import_module(module).__all__]
SNIPPETS = ["README.md", "README.zh-CN.md", "docs/python-interface.md"]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}.{name}" for module, name in NAMES])
def test_each_name_is_there_and_documented(module: str, name: str) -> None:
    namespace: dict[str, object] = {}
    exec(f"from {module} import {name}", namespace)  # noqa: S102 - a name of our own
    found = namespace[name]
    assert isinstance(found, ModuleType) or found is getattr(importlib.import_module(module), name)
    (told,) = (part for part in _lists() if part.startswith(f"Of `{module}`"))
    assert name in re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", told))), name


def _lists() -> list[str]:
    """The lists of names that end docs/python-interface.md, one for each module."""
    names = prose("docs/python-interface.md").split("\n## All names\n", 1)[1]
    return ["Of " + part for part in names.split("\nOf ")[1:]]


@pytest.mark.parametrize("module", MODULES)
def test_what_is_told_is_there(module: str) -> None:
    (told,) = (part for part in _lists() if part.startswith(f"Of `{module}`"))
    cells = [line.split("|")[1] for line in told.splitlines() if line.startswith("| `")] or [told.partition(":\x20")[2]]
    named = {re.split(r"\W", span)[0] for cell in cells for span in re.findall(r"`([^`]+)`", cell)}
    assert named == set(importlib.import_module(module).__all__)


def test_every_flow_and_desk_task_can_be_imported() -> None:
    from phonefleet import desk, flows  # noqa: PLC0415 - what is tried

    assert {name: getattr(flows, name) for name in flows.__all__} == FLOW_TASKS
    tasks = set(desk.__all__) - {"Desk", "desk_task"}
    assert tasks == {
        name for name, run in DESK.items() if name not in MAPS and (run.__module__ or "").startswith("workers.")
    }


def test_the_lists_in_the_package_agree() -> None:
    """Those who run, a type checker and `import *` see the same names."""
    tree = ast.parse((ROOT / "phonefleet" / "__init__.py").read_text())
    (typed,) = (one for one in tree.body if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING")
    seen = {
        alias.name: "" if one.module == "phonefleet" else one.module
        for one in typed.body
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }
    assert seen == phonefleet._HOME
    assert sorted(phonefleet.__all__) == sorted(seen) == dir(phonefleet)


@pytest.mark.parametrize("name", ["Submit", "sumbit", "_HOMES", "workers"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'phonefleet' has no attribute '{name}'"):
        getattr(phonefleet, name)
    with pytest.raises(ImportError, match="cannot import name"):
        exec(f"from phonefleet import {name}")  # noqa: S102


def _imported_by(statement: str) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps([*sys.modules]))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    return {name.partition(".")[0] for name in json.loads(ended.stdout)}


@pytest.mark.parametrize(
    ("statement", "without"),
    [
        ("import phonefleet", {*HEAVY, "rich", "sqlalchemy", "workers", "models"}),
        ("from phonefleet import *; dir()", set()),
        ("from phonefleet import in_words, Refused", {*HEAVY, "sqlalchemy"}),
        ("from phonefleet.client import Client", {*HEAVY - {"requests"}, "sqlalchemy", "workers"}),
        ("from phonefleet import submit, flows", {"alembic", "fastapi", "flower", "starlette", "uvicorn"}),
    ],
)
def test_a_name_imports_what_it_needs(statement: str, without: set[str]) -> None:
    assert not _imported_by(statement) & without


def test_it_and_what_it_gives_out_are_typed() -> None:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    homes = {home.partition(".")[0] for home in phonefleet._HOME.values() if home}
    for room in {"phonefleet", *homes, "gateway", "flows"}:
        assert (ROOT / room / "py.typed").is_file(), room
        assert "py.typed" in parser["options.package_data"][room].split(), room


@pytest.mark.parametrize("page", SNIPPETS)
def test_the_documents_import_from_it_alone(page: str) -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"phonefleet"}
    trees = [ast.parse(block.text) for block in blocks(page) if block.language == "python"]
    imported = [one.module or "" for tree in trees for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    assert "phonefleet" in imported
    assert not {module.partition(".")[0] for module in imported} & rooms
