"""Retired words: names that the field's own terms and the glossary replaced do not come back into the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "benchmarks", "chaos", "conformance", "flows", "gateway", "models", "phonefleet", "scripts", "tests", "workers",
)  # fmt: skip
# The retired word, as it is or between underscores → its successor.
RETIRED = {
    "seat": "worker identity", "seats": "worker identities", "knock": "signed request", "turnstile": "rate limiter",
    "porter": "authenticator", "wish": "spec, demand or request", "wishes": "the same", "errand": "job or task",
    "errands": "jobs or tasks", "nursery": "zygote client", "clerk": "retry queue", "mourn": "release a dead worker",
    "seedling": "checked campaign", "ground": "installation, or facts of the ledger", "letin": "authenticated request",
}  # fmt: skip


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yields the names that a file gives to things, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def retired_in(name: str) -> str | None:
    return next((word for word in name.lower().split("_") if word in RETIRED), None)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_is_a_retired_word(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name} → {RETIRED[word]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in names(ast.parse(path.read_text(encoding="utf-8")))
        if (word := retired_in(name)) is not None
    ]
    found += [
        f"{path.relative_to(ROOT)} → {RETIRED[word]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (word := retired_in(path.stem)) is not None
    ]
    assert found == []


def test_a_retired_word_is_found_in_every_kind_of_name() -> None:
    code = """
def take_seat(knock):
    wishes = 1
class Errand: pass
self.seats = 2
for clerk in (): pass
floor = 'ground'
"""
    found = {word for name, _ in names(ast.parse(code)) if (word := retired_in(name)) is not None}
    assert found == {"seat", "knock", "wishes", "errand", "seats", "clerk"}
