"""One module owns where a task stands: the source of all others is read for writes to those columns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWNER = ROOT / "models/tasks/transitions.py"
COLUMNS = frozenset({"state", "rung_at", "rung_queue", "lease_until", "incarnation"})
# Rows of other tables that have columns of these names.
OTHER_ROWS = frozenset({"phone", "lane", "delivery", "leader", "bulk_act", "bulk_row", "flow_version"})
SOURCES = sorted(
    path
    for room in ("flows", "gateway", "models", "scripts", "workers", "chaos", "benchmarks")
    for path in (ROOT / room).rglob("*.py")
    if path != OWNER and "migrations" not in path.parts
)


def _targets(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=targets):
            for target in targets:
                yield from target.elts if isinstance(target, ast.Tuple) else [target]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            yield target


def _written_by_attribute(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for target in _targets(node):
            if not isinstance(target, ast.Attribute) or target.attr not in COLUMNS:
                continue
            if ast.unparse(target.value) not in OTHER_ROWS | {"self"}:
                yield f"{target.lineno}: {ast.unparse(target)}"


def _updates_tasks(call: ast.Call) -> bool:
    """Is this `.values(...)` or `.ordered_values(...)` of an UPDATE of tasks?"""
    return isinstance(call.func, ast.Attribute) and "update(Task)" in ast.unparse(call.func)


def _written_by_update(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not _updates_tasks(node):
            continue
        assert isinstance(node.func, ast.Attribute)
        if node.func.attr not in ("values", "ordered_values"):
            continue
        named = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        inside = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute) and part.attr in COLUMNS}
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg is None)]
        keys = {
            part.attr if isinstance(part, ast.Attribute) else part.value
            for one in given
            for part in ast.walk(one)
            if isinstance(part, ast.Attribute | ast.Constant)
        }
        for column in sorted(COLUMNS & (named | (keys & (inside | COLUMNS)))):
            yield f"{node.lineno}: update(Task) sets {column}"


def writes(source: str) -> list[str]:
    """The places of a source that write where a task stands."""
    tree = ast.parse(source)
    return [*_written_by_attribute(tree), *_written_by_update(tree)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_writes_where_a_task_stands(path: Path) -> None:
    assert writes(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "task.state = State.READY",
        "task.incarnation, task.lease_until = None, None",
        "row.rung_at = None",
        "session.execute(update(Task).where(Task.id == one).values(state='ready'))",
        "session.execute(update(Task).values({Task.rung_queue: None}))",
        "session.execute(update(Task).values({'lease_until': None}))",
        "session.execute(update(Task).ordered_values((Task.state, Task.held_from)))",
    ],
)
def test_the_reader_sees_every_way_of_writing(source: str) -> None:
    assert writes(source)


@pytest.mark.parametrize(
    "source",
    [
        "phone.state = 'online'",
        "lane.rung_at = now",
        "session.execute(update(Phone).values(state='silent'))",
        "session.execute(update(Task).where(Task.state == State.READY).values(priority=3))",
    ],
)
def test_the_reader_leaves_other_writes_alone(source: str) -> None:
    assert writes(source) == []
