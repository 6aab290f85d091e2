"""Every alert that the code raises leads to the page that shows what it is about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.console.live.alert_place import PLACES, Place, place_of
from gateway.console.pages.routes import ROUTES

ROOT = Path(__file__).parents[3]
RAISING = ("raise_alert", "raise_or_renew")
FOLDERS = ("gateway", "models", "scripts", "workers")


def _kind(subject: ast.expr, module: ast.Module) -> Iterator[str]:
    """The kinds of a subject: of its text, or of the text that its name or its function stands for."""
    if isinstance(subject, ast.Constant):
        yield str(subject.value).partition(":")[0]
    elif isinstance(subject, ast.JoinedStr):
        yield from _begins(subject)
    elif isinstance(subject, ast.Call):
        for value in _returned(ast.unparse(subject.func), module):
            yield from _kind(value, module)
    else:
        named = (one for one in ast.walk(module) if isinstance(one, ast.Assign))
        for value in (value for one in named for name, value in _assigned(one) if name == ast.unparse(subject)):
            yield from _kind(value, module)


def _returned(function: str, module: ast.Module) -> Iterator[ast.expr]:
    for one in ast.walk(module):
        if isinstance(one, ast.FunctionDef) and one.name == function:
            yield from (said.value for said in ast.walk(one) if isinstance(said, ast.Return) and said.value is not None)


def _begins(subject: ast.JoinedStr) -> Iterator[str]:
    """The kinds with which a text begins; a condition before its first word gives two."""
    first, *rest = subject.values
    if isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.IfExp) and rest:
        for before in (first.value.body, first.value.orelse):
            yield f"{ast.literal_eval(before)}{ast.literal_eval(rest[0])}".partition(":")[0]
    elif isinstance(first, ast.Constant):
        yield str(first.value).partition(":")[0]


def _assigned(one: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    for target in one.targets:
        if isinstance(target, ast.Name):
            yield target.id, one.value
        elif isinstance(target, ast.Tuple) and isinstance(one.value, ast.Tuple):
            yield from zip(map(ast.unparse, target.elts), one.value.elts, strict=True)


def _raised() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if not any(f"{name}(" in text for name in RAISING):
                continue
            module = ast.parse(text)
            for one in ast.walk(module):
                if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in RAISING:
                    for kind in _kind(one.args[2], module):
                        yield f"{path.relative_to(ROOT)}", kind


def test_every_kind_that_the_code_raises_has_its_place() -> None:
    raised = {kind for _, kind in _raised()}
    assert raised == PLACES.keys() - {"campaign"}


@pytest.mark.parametrize("kind", PLACES)
def test_its_page_is_there(kind: str) -> None:
    path = re.split(r"[?#]", place_of(f"{kind}:x").path)[0]
    known = [re.sub(r"\{[^}]*\}", "x", one.path) for one in ROUTES]
    assert path in ("", *known)


def test_a_subject_is_told_by_its_word_and_its_name() -> None:
    task = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert place_of(f"task:{task}") == Place("Task", "0f8fad5b", f"/tasks/{task}")
    assert place_of("phone:a b/c") == Place("", "a b/c", "/phones/a%20b%2Fc")
    assert place_of("part:host@shelf") == Place("Part", "host@shelf", "/shelf?find=shelf")
    assert place_of("redis:shelf2") == Place("Redis", "shelf2", "/shelf?find=shelf2")
    assert place_of("ledger") == Place("Ledger", "", "")
    assert place_of("neither:this") == Place("", "neither:this", "")
