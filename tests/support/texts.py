"""Texts in the source that people read: the forms of f-strings, found by reading the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOLE = "\x00"
MOST_NAMES = 4  # variables that are followed, one to the next
_WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}|[a-z]{3,}")


def form(node: ast.expr) -> str | None:
    """Returns the text of a literal, with a hole for each value put into it; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else HOLE for one in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = form(node.left), form(node.right)
        return None if left is None or right is None else left + right
    return None


Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


@dataclass(frozen=True, slots=True)
class Called:
    """A call in the source: where, of what, and the scopes around it, the nearest first."""

    where: str
    name: str
    node: ast.Call
    scopes: tuple[Scope, ...]


def forms(node: ast.expr, scopes: tuple[Scope, ...], depth: int = 0) -> Iterator[str]:
    """Yields the forms of the texts that an expression may give: both arms of a choice, all values of a variable."""
    inner: list[ast.expr] = []
    if isinstance(node, ast.IfExp):
        inner = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        inner = node.values
    elif isinstance(node, ast.List | ast.Tuple):
        inner = [one.value if isinstance(one, ast.Starred) else one for one in node.elts]
    elif isinstance(node, ast.Name) and depth < MOST_NAMES:
        depth += 1
        inner = next((found for scope in scopes if (found := list(_assigned(scope, node.id)))), [])
    elif (found_form := form(node)) is not None:
        yield found_form
    for one in inner:
        yield from forms(one, scopes, depth)


def _assigned(scope: Scope, name: str) -> Iterator[ast.expr]:
    """Yields what is assigned to a name in a scope, single or as one of several."""
    inside = scope.body if isinstance(scope, ast.Module) else list(ast.walk(scope))
    for node in inside:
        if isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name):
            if node.target.id == name and node.value is not None:
                yield node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    yield from (value for one, value in pairs if isinstance(one, ast.Name) and one.id == name)


@cache
def calls(room: str) -> tuple[Called, ...]:
    """Returns each call in a folder's source."""
    found: list[Called] = []
    for path in sorted((ROOT / room).rglob("*.py")):
        if "versions" not in path.parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += _calls_in(tree, (tree,), str(path.relative_to(ROOT)))
    return tuple(found)


def _calls_in(node: ast.AST, scopes: tuple[Scope, ...], where: str) -> Iterator[Called]:
    for one in ast.iter_child_nodes(node):
        inner = (one, *scopes) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) else scopes
        if isinstance(one, ast.Call):
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            yield Called(f"{where}:{one.lineno}", name, one, scopes)
        yield from _calls_in(one, inner, where)


def given(room: str, name: str, places: tuple[int | str, ...]) -> Iterator[tuple[str, str]]:
    """Yields place and form of each text that a folder's source gives to a function at these arguments."""
    for call in calls(room):
        if call.name != name:
            continue
        named = {one.arg: one.value for one in call.node.keywords}
        arguments = call.node.args
        for place in places:
            value = named.get(place) if isinstance(place, str) else dict(enumerate(arguments)).get(place)
            for text in forms(value, call.scopes) if value is not None else ():
                if is_words(text):
                    yield call.where, text


def is_words(text: str) -> bool:
    """Returns whether a form has words of a language in it, beside names of commands and codes."""
    bare = text.replace(HOLE, " ").strip()
    return bool(_WORDS.search(bare)) and not bare.startswith("phonefleet ")
