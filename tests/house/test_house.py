"""The house itself: what its documents and its CI tell people to run is there."""

from __future__ import annotations

import ast
import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGET = re.compile(r"^([a-z][a-z-]*):.*## ", re.MULTILINE)
CALL = re.compile(r"\bmake ([a-z][a-z-]*)")
# Where documents say "make" in a sentence and not on a command line, it is outside of code.
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def setup_cfg() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def targets() -> set[str]:
    return set(TARGET.findall((ROOT / "Makefile").read_text()))


def test_help_explains_every_target() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert {line.split()[1] for line in said.splitlines()} == targets()
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets()


@pytest.mark.parametrize("document", sorted(path.relative_to(ROOT) for path in ROOT.glob("docs/**/*.md")), ids=str)
def test_documents_name_targets_that_exist(document: Path) -> None:
    code = "\n".join(CODE.findall((ROOT / document).read_text()))
    assert set(CALL.findall(code)) <= targets()


def test_ci_runs_what_developers_run() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    second = "make test || .venv/bin/python -m tests.support.second_look"  # docs/decisions/second-look.md
    assert [line for line in lines if line.startswith("make ")] == ["make check", "make bench-guard", second]
    assert "make check` and `make test" in (ROOT / "docs" / "development.md").read_text()


def test_every_room_is_installed_and_under_a_contract() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "chaos", "conformance", "tests"}
    packages = setup_cfg()["options.packages.find"]["include"].split()
    assert rooms <= {package.removesuffix("*") for package in packages}
    assert rooms <= set(setup_cfg()["importlinter"]["root_packages"].split())


def test_the_checks_see_every_room() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms <= set(re.split(r",\s*", setup_cfg()["mypy"]["packages"]))


def test_what_a_room_runs_as_a_program_does_nothing_when_it_is_imported() -> None:
    """Tools that walk the files import them all."""
    runs = (ast.Raise, ast.Expr, ast.For, ast.While, ast.With)
    found = []
    for path in ROOT.glob("*/**/__main__.py"):
        if path.relative_to(ROOT).parts[0] in (".venv", "var"):  # peers of a benchmark are installed below var
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        bare = [one for one in body if isinstance(one, runs) and not _is_docstring(one)]
        found += [f"{path.relative_to(ROOT)}:{one.lineno}" for one in bare]
    assert found == []


def _is_docstring(one: ast.stmt) -> bool:
    return isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
