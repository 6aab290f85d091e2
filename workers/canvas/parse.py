"""Reads a Signature into checked nodes. A Signature is a dict, so this also reads one that was JSON.

This module does not call Celery, and does not change the signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from workers.canvas.errors import CanvasRefused, Limits
from workers.canvas.nodes import Chain, Chord, Group, Node, Task
from workers.canvas.values import STAMPS, checked_join, checked_options, plain

KINDS = {
    "celery.chain": "chain",
    "celery.group": "group",
    "celery.chord": "chord",
    "celery.map": "map",
    "celery.starmap": "starmap",
    "celery.chunks": "chunks",
}
SUBTASK_TYPES = {"xmap": "map", "xstarmap": "starmap"}


def kind_of(signature: Mapping[str, Any]) -> str:
    """Returns `task`, `chain`, `group`, `chord`, `map`, `starmap` or `chunks`; any other subtask_type as it is."""
    subtask_type = signature.get("subtask_type")
    if subtask_type:
        return SUBTASK_TYPES.get(str(subtask_type), str(subtask_type))
    return KINDS.get(str(signature.get("task")), "task")


def read(signature: Any, limits: Limits) -> Node:
    """Returns the node of a whole canvas. Raises CanvasRefused."""
    if isinstance(signature, Mapping) and kind_of(signature) == "chunks":
        return _chunks(signature, limits)
    return _Reader(limits).node(signature, "", 1)


def place_in(path: str, kind: str) -> str:
    """Returns the path of a canvas of this kind at `path`."""
    return f"{path}.{kind}" if path else kind


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._task_ids: set[str] = set()
        self._copies: dict[int, tuple[Any, Any]] = {}  # kwargs that several signatures share → one copy

    def node(self, signature: Any, path: str, depth: int) -> Node:
        if not isinstance(signature, Mapping):
            raise CanvasRefused(
                path or "canvas", f"a {type(signature).__name__} is no signature", "make one with task.s(…)"
            )
        if depth > self._limits.depth:
            raise CanvasRefused(path, f"more than {self._limits.depth} signatures deep", "split the canvas")
        kind = kind_of(signature)
        if kind == "chain":
            return self._chain(signature, place_in(path, kind), depth)
        if kind == "group":
            return self._group(signature, place_in(path, kind), depth)
        if kind == "chord":
            return self._chord(signature, place_in(path, kind), depth)
        if kind == "chunks":
            raise CanvasRefused(
                place_in(path, kind), "bare chunks inside a canvas lose their results", "write .chunks(…).group()"
            )
        if kind in ("task", "map", "starmap"):
            return self._task(signature, kind, path or kind, depth)
        raise CanvasRefused(path or "canvas", f"unknown subtask_type {kind!r}", "use chain, group, chord or a task")

    def _task(self, signature: Mapping[str, Any], kind: str, path: str, depth: int) -> Task:
        options = _options(signature, path)
        self._refuse_reused_id(options, path)
        args = plain(list(signature["args"]), f"{path}.args") if signature.get("args") else ()
        kwargs = signature.get("kwargs") or {}
        mapped = kind != "task"
        return Task(
            path,
            f"celery.{kind}" if mapped else _task_name(signature, path),
            tuple(args),
            _mapped(kwargs, kind, path, self._limits) if mapped else self._copy(kwargs, f"{path}.kwargs"),
            checked_options(options, path),
            mapped or bool(signature.get("immutable")),
            checked_join(options, path),
            self._callbacks(options, "link", path, depth),
            self._callbacks(options, "link_error", path, depth),
        )

    def _copy(self, kwargs: Any, path: str) -> Any:
        if id(kwargs) not in self._copies:
            self._copies[id(kwargs)] = kwargs, plain(kwargs, path)  # kept, so that no other object gets its id
        return self._copies[id(kwargs)][1]

    def _refuse_reused_id(self, options: Mapping[str, Any], path: str) -> None:
        task_id = options.get("task_id")
        if task_id is None:
            return
        if str(task_id) in self._task_ids:
            raise CanvasRefused(path, f"the task id {task_id} stands here twice", "do not freeze() what is used twice")
        self._task_ids.add(str(task_id))

    def _chain(self, signature: Mapping[str, Any], path: str, depth: int) -> Chain:
        options = _options(signature, path)
        steps = _members((signature.get("kwargs") or {}).get("tasks"), path, self._limits)
        if not steps:
            raise CanvasRefused(path, "an empty chain", "give it a step or leave it out")
        if getattr(signature, "_use_link", None):
            raise CanvasRefused(f"{path}.options.use_link", "message protocol 1 is retired", "leave use_link out")
        if signature.get("immutable"):
            raise CanvasRefused(
                path,
                "Celery keeps the input from an immutable chain in some places only",
                "make its first step immutable: task.si(…)",
            )
        _refuse_kwargs(signature, path, {"tasks"})
        return Chain(
            path,
            tuple(self.node(step, f"{path}[{index}]", depth + 1) for index, step in enumerate(steps)),
            tuple(plain(list(signature.get("args") or ()), f"{path}.args")),
            checked_options(options, path),
            checked_join(options, path),
            self._callbacks(options, "link", path, depth),
            self._callbacks(options, "link_error", path, depth),
        )

    def _group(self, signature: Mapping[str, Any], path: str, depth: int) -> Group:
        options = _options(signature, path)
        if options.get("link"):
            raise CanvasRefused(path, "a group takes no link", "put a task behind the group: group | task")
        if options.get("link_error"):
            raise CanvasRefused(path, "a group takes no link_error", "give it to each member")
        if signature.get("args"):
            raise CanvasRefused(f"{path}.args", "Celery drops a group's own args", "give them to each member")
        if signature.get("immutable"):
            raise CanvasRefused(
                path, "Celery ignores that a group is immutable", "use .set(immutable=True) or task.si(…)"
            )
        _refuse_kwargs(signature, path, {"tasks"})
        return self._members_as_group((signature.get("kwargs") or {}).get("tasks"), path, depth, options)

    def _members_as_group(self, members: Any, path: str, depth: int, options: Mapping[str, Any]) -> Group:
        nodes = (
            self.node(member, f"{path}[{index}]", depth + 1)
            for index, member in enumerate(_members(members, path, self._limits))
        )
        return Group(path, tuple(nodes), checked_options(options, path), checked_join(options, path))

    def _chord(self, signature: Mapping[str, Any], path: str, depth: int) -> Chord:
        options = _options(signature, path)
        kwargs = signature.get("kwargs") or {}
        if kwargs.get("body") is None:
            raise CanvasRefused(path, "a chord without a body", "give it one, or write a group")
        _refuse_kwargs(signature, path, {"header", "body", "kwargs"})
        return Chord(
            path,
            self._header(kwargs.get("header"), f"{path}.header", depth),
            self.node(kwargs["body"], f"{path}.body", depth + 1),
            tuple(plain(list(signature.get("args") or ()), f"{path}.args")),
            plain(kwargs.get("kwargs") or {}, f"{path}.kwargs"),
            checked_options(options, path),
            bool(signature.get("immutable")),
            checked_join(options, path),
            self._callbacks(options, "link", path, depth),
            self._callbacks(options, "link_error", path, depth),
        )

    def _header(self, header: Any, path: str, depth: int) -> Group:
        if not isinstance(header, Mapping):
            return self._members_as_group(header, path, depth, {})
        kind = kind_of(header)
        if kind == "group":
            return self._group(header, path, depth)
        # Celery treats a chain as a header like the list of its steps, which then run in parallel.
        members = (header.get("kwargs") or {}).get("tasks") if kind == "chain" else [header]
        return self._members_as_group(members, path, depth, {})

    def _callbacks(self, options: Mapping[str, Any], name: str, path: str, depth: int) -> tuple[Node, ...]:
        given = options.get(name)
        if not given:
            return ()
        listed = [given] if isinstance(given, Mapping) else list(given or ())
        callbacks: list[Node] = []
        for index, callback in enumerate(listed):
            node = self.node(callback, f"{path}.{name}[{index}]", depth + 1)
            if node not in callbacks:
                callbacks.append(node)
        return tuple(callbacks)


def _options(signature: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    options = signature.get("options") or {}
    if not isinstance(options, Mapping):
        raise CanvasRefused(f"{path}.options", "options are not an object", "give an object")
    if STAMPS & options.keys():
        raise CanvasRefused(f"{path}.options", "stamping is not supported", "give the task a parameter of its own")
    return options


def _task_name(signature: Mapping[str, Any], path: str) -> str:
    name = signature.get("task")
    if not isinstance(name, str) or not name:
        raise CanvasRefused(path, "a signature without the name of a task", "make signatures with task.s(…)")
    if name.startswith("celery."):
        raise CanvasRefused(path, f"{name} is a task of Celery's own", "name one of the fleet's tasks")
    return name


def _members(members: Any, path: str, limits: Limits) -> list[Any]:
    """Returns the members of a canvas as a list, read only up to the limit: a generator may never end."""
    if members is None:
        return []
    if not isinstance(members, Iterable) or isinstance(members, str | bytes | Mapping):
        raise CanvasRefused(path, f"a {type(members).__name__} is no list of signatures", "give a list")
    listed = list(islice(iter(members), limits.rows + 1))
    if len(listed) > limits.rows:
        raise CanvasRefused(
            path,
            f"more than {limits.rows} members, or a generator without an end",
            "plant it in parts, or bound the generator",
        )
    return listed


def _refuse_kwargs(signature: Mapping[str, Any], path: str, known: set[str]) -> None:
    unknown = sorted(str(key) for key in (signature.get("kwargs") or {}).keys() - known)
    if unknown:
        raise CanvasRefused(f"{path}.kwargs", f"{', '.join(unknown)} would be dropped", "give them to the tasks inside")


def _mapped(kwargs: Mapping[str, Any], kind: str, path: str, limits: Limits) -> dict[str, Any]:
    """Returns the kwargs of a map or starmap row: `task`, the name to call, and `it`, the list of arguments."""
    unknown = sorted(str(key) for key in kwargs.keys() - {"task", "it"})
    if unknown:
        raise CanvasRefused(f"{path}.kwargs", f"{', '.join(unknown)} would be dropped", f"write task.{kind}(list)")
    task = kwargs.get("task")
    if not isinstance(task, Mapping) or kind_of(task) != "task":
        raise CanvasRefused(f"{path}.kwargs.task", f"{kind} calls a single task", f"write task.{kind}(list)")
    dropped = [part for part in ("args", "kwargs", "options") if task.get(part)]
    if dropped:
        raise CanvasRefused(
            f"{path}.kwargs.task",
            f"Celery drops the task's own {' and '.join(dropped)} in a {kind}",
            "put the arguments into each item",
        )
    items = plain(_members(kwargs.get("it"), f"{path}.kwargs.it", limits), f"{path}.kwargs.it")
    for index, item in enumerate(items):
        if kind == "starmap" and not isinstance(item, list):
            raise CanvasRefused(f"{path}.kwargs.it[{index}]", "starmap takes lists of arguments", "write [[1, 2], …]")
    return {"task": _task_name(task, f"{path}.kwargs.task"), "it": items}


def _chunks(signature: Mapping[str, Any], limits: Limits) -> Group:
    """Returns the group of a canvas that is `.chunks()`: starmaps of at most n items, as its `.group()`."""
    kwargs = dict(signature.get("kwargs") or {})
    size = kwargs.pop("n", None)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise CanvasRefused("chunks.n", f"{size!r} is no size of a part", "give a whole number from 1")
    mapped = _mapped(kwargs, "starmap", "chunks", limits)
    options = _options(signature, "chunks")
    if options.get("link") or options.get("link_error"):
        raise CanvasRefused("chunks", "chunks make a group, which takes no link or link_error", "write .group() | task")
    items = mapped["it"]
    parts = (items[start : start + size] for start in range(0, len(items), size))
    members = (
        Task(f"chunks[{index}]", "celery.starmap", kwargs={**mapped, "it": part}, immutable=True)
        for index, part in enumerate(parts)
    )
    return Group("chunks", tuple(members), checked_options(options, "chunks"), checked_join(options, "chunks"))
