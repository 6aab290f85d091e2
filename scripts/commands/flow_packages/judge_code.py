"""Judges the code of a flow package by its syntax tree: bounded loops, named steps, declared taps, imports. Pure."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake: its file and line, the reason and the remedy."""

    file: str
    line: int
    reason: str
    remedy: str


# Modules with I/O, threads or pauses, and the rooms of phonefleet that flows do not know.
FORBIDDEN = frozenset(
    {
        "_thread", "adbutils", "aiohttp", "asyncio", "atexit", "builtins", "bz2", "celery", "code", "codecs", "codeop",
        "concurrent", "ctypes", "dbm", "faulthandler", "fcntl", "fileinput", "ftplib", "gateway", "gc", "glob", "gzip",
        "http", "httpx", "imaplib", "importlib", "io", "kombu", "linecache", "lzma", "marshal", "mmap", "models",
        "multiprocessing", "nntplib", "os", "pathlib", "phonefleet", "phonesim", "pickle", "pkgutil", "poplib", "posix",
        "pty", "queue", "redis", "requests", "resource", "runpy", "sched", "scripts", "select", "selectors", "shelve",
        "shutil", "signal", "smtplib", "socket", "socketserver", "sqlalchemy", "sqlite3", "ssl", "subprocess", "sys",
        "tarfile", "tempfile", "threading", "uiautomator2", "urllib", "urllib3", "webbrowser", "workers", "xmlrpc",
        "zipfile", "zipimport",
    }
)  # fmt: skip
INSTEAD = {
    "time": "wait by app.see() or app.settle(), and take the moment from session.now()",
    "random": "draw from session.rng, which is the same when the task is tried again",
}
CALLS = frozenset({"open", "eval", "exec", "compile", "__import__", "input", "breakpoint"})
ENDLESS = frozenset({"count", "cycle", "repeat"})  # of itertools
MOST_TURNS = 100_000  # of a loop over a range of numbers
LARGEST = 1 << 70  # farther no bound is worked out
ANY_ERROR = frozenset({"BaseException", "Exception"})
FROM_SESSION = "a flow looks by app.see(), opens pages by page.go(), and acts by session.point_of_no_return()"


def judge_code(file: str, source: str, steps: Collection[str]) -> list[Finding]:
    """Returns the mistakes in one file, by line. `steps`: those that the manifest names."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return [Finding(file, line, f"it is no Python: {error.args[0]}", "correct the syntax")]
    found = [Finding(file, *one) for judge in (_loops, _imports, _calls, _errors) for one in judge(tree)]
    found += [Finding(file, *one) for one in (*_steps(tree, steps), *_taps(tree, frozenset()))]
    return sorted(found, key=lambda one: one.line)


Mistake = tuple[int, str, str]


def _loops(tree: ast.AST) -> Iterator[Mistake]:
    bounded = "write for turn in range(MOST), and leave it by break"
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            yield node.lineno, "a while loop has no bound", bounded
        if not isinstance(node, ast.Call):
            continue
        if _is_endless(node):
            yield node.lineno, f"{_name(node.func)}() has no end", bounded
        elif _name(node.func) == "iter" and len(node.args) == 2:
            yield node.lineno, "iter() with a sentinel has no bound", bounded
        elif _name(node.func) == "range" and _turns(node) > MOST_TURNS:
            yield node.lineno, f"range() has more than {MOST_TURNS} turns", "write a bound that a person would wait for"
    yield from _recursions(tree)


def _turns(node: ast.Call) -> int:
    """Returns the turns of a range() of numbers that are written out; 0 where they are not."""
    numbers = [_number(one) for one in node.args]
    if not numbers or len(numbers) > 3 or node.keywords or None in numbers:
        return 0
    try:
        return len(range(*(one for one in numbers if one is not None)))
    except OverflowError:
        return MOST_TURNS + 1
    except ValueError:  # a step of 0
        return 0


def _number(node: ast.expr) -> int | None:
    """Returns an integer that is written out, also as 10**18 or 60 * 60; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand)
        return None if value is None else -value
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _number(node.left), _number(node.right)
    if left is None or right is None or max(abs(left), abs(right)) > LARGEST:
        return LARGEST if left is not None and right is not None else None
    if isinstance(node.op, ast.Pow):
        return min(left**right, LARGEST) if 0 <= right <= 64 else LARGEST
    if isinstance(node.op, ast.LShift):
        return left << right if 0 <= right <= 64 else LARGEST
    arithmetic = {ast.Add: int.__add__, ast.Sub: int.__sub__, ast.Mult: int.__mul__}
    work = arithmetic.get(type(node.op))
    return None if work is None else work(left, right)


def _recursions(tree: ast.AST) -> Iterator[Mistake]:
    """Yields functions that come to call themselves: a bare name is one of the module's, self.name one of the class."""
    calls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    lines: dict[tuple[str, str], int] = {}
    for home, function in _functions(tree, ""):
        called = calls.setdefault((home, function.name), set())
        lines.setdefault((home, function.name), function.lineno)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called.add(("", node.func.id))
            elif isinstance(node, ast.Call) and _name(getattr(node.func, "value", None)) in ("self", "cls"):
                called.add((home, _name(node.func)))
    for one, line in lines.items():
        seen, left = set[tuple[str, str]](), [*calls[one]]
        while left:
            there = left.pop()
            if there in calls and there not in seen:
                seen.add(there)
                left.extend(calls[there])
        if one in seen:
            yield line, f"{one[1]}() comes to call itself, which has no bound", "write a loop: for turn in range(MOST)"


def _functions(node: ast.AST, home: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yields the functions of a module with the class around each."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield home, child
        yield from _functions(child, child.name if isinstance(child, ast.ClassDef) else home)


def _is_endless(node: ast.Call) -> bool:
    """Returns whether this is a call of itertools' count, cycle or repeat; `list.count` is none."""
    of_itertools = isinstance(node.func, ast.Name) or _name(getattr(node.func, "value", None)) == "itertools"
    return of_itertools and _name(node.func) in ENDLESS and not _is_bounded_repeat(node)


def _is_bounded_repeat(node: ast.Call) -> bool:
    return _name(node.func) == "repeat" and len(node.args) + len(node.keywords) > 1


def _imports(tree: ast.AST) -> Iterator[Mistake]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module and not node.level else []
        else:
            continue
        for module in (name.partition(".")[0] for name in names):
            if module in INSTEAD:
                yield node.lineno, f"it imports {module}", INSTEAD[module]
            elif module in FORBIDDEN:
                yield node.lineno, f"it imports {module}", "flows have no I/O of their own: take what the session gives"


def _calls(tree: ast.AST) -> Iterator[Mistake]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield (
                node.lineno,
                f"it calls {node.func.id}()",
                "flows have no I/O of their own: take what the session gives",
            )


def _errors(tree: ast.AST) -> Iterator[Mistake]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = any(one is None or _name(one) in ANY_ERROR for one in caught)
        if broad and not any(isinstance(one, ast.Raise) for one in ast.walk(node)):
            yield node.lineno, "it swallows every error, also the order to stop", "catch FlowFailure, or raise it again"


def _steps(tree: ast.AST, steps: Collection[str]) -> Iterator[Mistake]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "step"):
            continue
        name = node.args[0] if node.args else None
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            yield node.lineno, "a step's name is computed", 'write it as text: watch.step("articles")'
        elif name.value not in steps:
            yield node.lineno, f"the manifest names no step {name.value!r}", "add it to steps in manifest.py"


def _taps(node: ast.AST, acting: frozenset[str]) -> Iterator[Mistake]:
    """Yields touches around the App. `acting`: names of the declared actions whose block this is."""
    if isinstance(node, ast.With):
        declared = (one.optional_vars for one in node.items if _is_declaration(one.context_expr))
        acting |= {one.id for one in declared if isinstance(one, ast.Name)}
    if isinstance(node, ast.Attribute) and node.attr == "phone":
        yield node.lineno, "it reaches the phone around the app", FROM_SESSION
    if isinstance(node, ast.Attribute) and node.attr == "tap" and _name(node.value) not in acting:
        remedy = "open a page by page.go(); an act is with session.point_of_no_return(action) as act: act.tap(node)"
        yield node.lineno, "a tap outside a declared action", remedy
    for child in ast.iter_child_nodes(node):
        yield from _taps(child, acting)


def _is_declaration(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "point_of_no_return"


def _name(node: ast.AST | None) -> str:
    """Returns the last name of `a.b.c`; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def line_of(source: str, field: str) -> int:
    """Returns the line on which a manifest's class gives a field a value; 1 where it gives it none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return 1
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(_name(one) == field for one in node.targets):
            return node.lineno
        if isinstance(node, ast.AnnAssign) and _name(node.target) == field:
            return node.lineno
    return 1


def steps_in(source: str) -> tuple[int, tuple[str, ...]]:
    """Returns the line and the names of a manifest's `steps`, as far as they are written as texts."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return 1, ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(_name(one) == "steps" for one in node.targets):
            texts = [one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)]
            return node.lineno, tuple(one for one in texts if isinstance(one, str))
    return 1, ()


def used_steps(source: str) -> set[str]:
    """Returns the names of the steps that a file's code begins."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "step")
    names = (node.args[0].value for node in calls if node.args and isinstance(node.args[0], ast.Constant))
    return {name for name in names if isinstance(name, str)}
