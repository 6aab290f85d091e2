"""The Python of the documents: it compiles, its imports resolve, and what needs no phone runs on a ledger."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from models.tables import Task
from models.transactions.read_write import read as read_ledger
from tests.support.documents import NAMES, blocks
from tests.support.installation import Installation, installation

RUN = ["README.md", "README.zh-CN.md", "docs/python-interface.md"]
# Other pages show fragments; a block that imports is a whole.
WITH_IMPORTS = [
    name for name in NAMES if any("import " in block.text for block in blocks(name) if block.language == "python")
]
WAITS = (".follow(", ".wait(", ".get(timeout")


def _python(name: str) -> list[str]:
    return [block.text for block in blocks(name) if block.language == "python"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_redis_url: str) -> Iterator[Installation]:
    with installation(tmp_path, monkeypatch, empty_redis_url) as made:
        made.know_authors("xiaopeng")
        made.know_phones("acc0001", "acc0002")
        yield made


@pytest.mark.parametrize("name", WITH_IMPORTS)
def test_snippets_compile_and_their_imports_resolve(name: str) -> None:
    for text in (one for one in _python(name) if "import " in one):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module or "")
                assert not [alias.name for alias in node.names if not hasattr(module, alias.name)]


@pytest.mark.parametrize("name", RUN)
def test_snippets_plant_what_they_say(name: str, here: Installation) -> None:
    namespace: dict[str, Any] = {}
    submitted = 0
    for text in _python(name):
        exec(compile(_without_waiting(text), name, "exec"), namespace)  # noqa: S102 - the project's own documents
        submitted += text.count("submit(") - text.count("def submit(")
    assert submitted
    assert _tasks(here.engine) >= submitted


class _WithoutWaiting(ast.NodeTransformer):
    """Without the statements that follow a campaign to its end: no phone works here. What a `with` holds is kept."""

    def generic_visit(self, node: ast.AST) -> Any:
        waits = isinstance(node, ast.stmt) and any(mark in ast.unparse(node) for mark in WAITS)
        return None if waits and not isinstance(node, ast.With) else super().generic_visit(node)


def _without_waiting(text: str) -> str:
    return ast.unparse(_WithoutWaiting().visit(ast.parse(text)))


def _tasks(engine: Engine) -> int:
    return read_ledger(engine, lambda session: session.scalar(select(func.count()).select_from(Task))) or 0
