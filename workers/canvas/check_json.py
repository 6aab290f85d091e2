"""Checks a canvas that came as JSON from outside, before Celery reads it.

`Signature.from_dict` passes options to constructors, raises KeyError for an unknown subtask_type and recurses without a
bound. So this module walks the raw data first, with an explicit stack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from typing import Any

from workers.canvas.compile import compile_canvas
from workers.canvas.errors import CanvasRefused, Limits
from workers.canvas.parse import KINDS, SUBTASK_TYPES, kind_of, place_in
from workers.canvas.rows import Join, Planted
from workers.canvas.values import OPTIONS

MAX_BYTES = 1024 * 1024
MAX_CALLBACKS = 16  # of one kind on one signature: a chain copies its errbacks to every step
RAW_LIMITS = Limits(depth=32)

KEYS = frozenset({"task", "args", "kwargs", "options", "subtask_type", "immutable"})
KWARGS = {
    "chain": {"tasks"},
    "group": {"tasks"},
    "chord": {"header", "body", "kwargs"},
    "map": {"task", "it"},
    "starmap": {"task", "it"},
    "chunks": {"task", "it", "n"},
}
NAMES = {kind: name for name, kind in KINDS.items()}
RAW_OPTIONS = frozenset({*OPTIONS, "link", "link_error", "join"})
RAW_SUBTASK_TYPES = frozenset({"chain", "group", "chord", "chunks", *SUBTASK_TYPES})

FORMS: Mapping[type, str] = {list: "array", dict: "object", bool: "true or false"}
FROM_DICT_TYPES = {
    "chain": "chain",
    "group": "group",
    "chord": "chord",
    "map": "xmap",
    "starmap": "xstarmap",
    "chunks": "chunks",
}
_RAW_OPTIONS_TEXT = ", ".join(sorted(RAW_OPTIONS))

Found = tuple[Any, str, int]


def check_raw(data: Any, allowed_tasks: Collection[str], limits: Limits = RAW_LIMITS) -> Any:
    """Returns the Signature in a JSON canvas, given as bytes, text or the parsed object. Raises CanvasRefused.

    `allowed_tasks` are the task names that may be called. Missing keys get Celery's defaults; ids, and options that
    are not allowed, are refused. The canvas is compiled once here, so the returned one can be planted.
    """
    raw = _checked(data, allowed_tasks, limits)
    numbers = count()
    compile_canvas(raw, new_id=lambda: str(next(numbers)), limits=limits)
    from celery.canvas import Signature  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415

    return Signature.from_dict(_completed(raw))


def compile_raw(
    data: Any,
    allowed_tasks: Collection[str],
    *,
    new_id: Callable[[], str],
    join: Join = "all",
    limits: Limits = RAW_LIMITS,
) -> Planted:
    """The rows of a JSON canvas: those of the Signature that `check_raw` returns, compiled once and without Celery.

    Raises CanvasRefused.
    """
    return compile_canvas(_checked(data, allowed_tasks, limits), new_id=new_id, join=join, limits=limits)


def _checked(data: Any, allowed_tasks: Collection[str], limits: Limits) -> dict[str, Any]:
    """The parsed canvas, each of whose signatures is one that may stand there."""
    raw = _parsed(data)
    pending: list[Found] = [(raw, "", 1)]
    seen = 0
    while pending:
        signature, path, depth = pending.pop()
        seen += 1
        if seen > limits.rows:
            raise CanvasRefused(path or "canvas", f"more than {limits.rows} signatures", "plant it in parts")
        if depth > limits.depth:
            raise CanvasRefused(path, f"more than {limits.depth} signatures deep", "split the canvas")
        kind = _checked_kind(signature, path)
        here = (path or kind) if kind == "task" else place_in(path, kind)
        _check_fields(signature, kind, here)
        _check_names(signature, kind, here, allowed_tasks)
        pending.extend(_inside(signature, kind, here, depth + 1))
    return raw


def _parsed(data: Any) -> dict[str, Any]:
    if isinstance(data, str | bytes):
        if len(data) > MAX_BYTES:
            raise CanvasRefused("canvas", f"larger than {MAX_BYTES} bytes", "plant it in parts")
        try:
            data = json.loads(data)
        except RecursionError as error:
            raise CanvasRefused("canvas", "nested too deep to read", "split the canvas") from error
        except ValueError as error:
            raise CanvasRefused("canvas", f"not JSON: {error}", "send the JSON of one signature") from error
    if not isinstance(data, dict):
        raise CanvasRefused("canvas", f"a {type(data).__name__} is no signature", "send an object with the key task")
    _refuse_large(data)
    return data


def _refuse_large(data: Any) -> None:
    """Raises CanvasRefused for parsed data that is larger than the cap; uses a stack instead of recursion."""
    pending = [data]
    size = 0
    while pending:
        value = pending.pop()
        form = type(value)
        size += len(value) + 2 if form is str or form is list or form is dict else 4
        if size > MAX_BYTES:
            raise CanvasRefused("canvas", f"larger than {MAX_BYTES} bytes", "plant it in parts")
        if form is dict:
            pending.extend(value)
            pending.extend(value.values())
        elif form is list:
            pending.extend(value)


def _checked_kind(signature: Any, path: str) -> str:
    place = path or "canvas"
    if not isinstance(signature, dict):
        raise CanvasRefused(place, f"a {type(signature).__name__} is no signature", "send an object with the key task")
    if not signature.keys() <= KEYS:
        unknown = sorted(str(key) for key in signature.keys() - KEYS)
        raise CanvasRefused(place, f"unknown keys {', '.join(unknown)}", f"use only {', '.join(sorted(KEYS))}")
    subtask_type = signature.get("subtask_type")
    if subtask_type is not None and not (isinstance(subtask_type, str) and subtask_type in RAW_SUBTASK_TYPES):
        known = ", ".join(sorted(RAW_SUBTASK_TYPES))
        raise CanvasRefused(f"{place}.subtask_type", f"{subtask_type!r} is unknown", f"use null or one of {known}")
    return kind_of(signature)


def _check_fields(signature: dict[str, Any], kind: str, path: str) -> None:
    for name, wanted in (("args", list), ("kwargs", dict), ("options", dict), ("immutable", bool)):
        if name in signature and not isinstance(signature[name], wanted):
            raise CanvasRefused(f"{path}.{name}", f"not a JSON {FORMS[wanted]}", f"give a JSON {FORMS[wanted]}")
    for option in signature.get("options", {}):
        if option not in RAW_OPTIONS:
            remedy = (
                "leave it out: ids are assigned here" if option.endswith("_id") else f"use only {_RAW_OPTIONS_TEXT}"
            )
            raise CanvasRefused(f"{path}.options.{option}", "this option is not allowed", remedy)
    if kind in KWARGS:
        unknown = sorted(str(key) for key in signature.get("kwargs", {}).keys() - KWARGS[kind])
        if unknown:
            raise CanvasRefused(
                f"{path}.kwargs",
                f"unknown keys {', '.join(unknown)}",
                f"a {kind} takes {', '.join(sorted(KWARGS[kind]))}",
            )


def _check_names(signature: dict[str, Any], kind: str, path: str, allowed: Collection[str]) -> None:
    name = signature.get("task", NAMES.get(kind))
    if kind in KWARGS:
        if name != NAMES[kind]:
            raise CanvasRefused(f"{path}.task", f"a {kind} is named {NAMES[kind]}", "leave the key task out")
        return
    if name is None:
        raise CanvasRefused(f"{path}.task", "it is missing", "give the name of a flow, or the subtask_type of a canvas")
    if not isinstance(name, str) or name.startswith("celery.") or name not in allowed:
        raise CanvasRefused(f"{path}.task", f"{name!r} may not be called here", "use a flow of the fleet")


def _inside(signature: dict[str, Any], kind: str, path: str, depth: int) -> Iterator[Found]:
    """Yields the signatures inside a checked one, with their places."""
    kwargs = signature.get("kwargs", {})
    if kind in ("chain", "group"):
        yield from _listed(kwargs.get("tasks"), path, depth)
    elif kind == "chord":
        header = kwargs.get("header")
        if isinstance(header, dict):
            yield header, f"{path}.header", depth
        else:
            yield from _listed(header, f"{path}.header", depth)
        yield kwargs.get("body"), f"{path}.body", depth
    elif kind in KWARGS:
        yield kwargs.get("task"), f"{path}.kwargs.task", depth
    for name in ("link", "link_error"):
        callbacks = signature["options"].get(name, []) if "options" in signature else []
        if callbacks == []:
            continue
        callbacks = [callbacks] if isinstance(callbacks, dict) else callbacks
        if isinstance(callbacks, list) and len(callbacks) > MAX_CALLBACKS:
            raise CanvasRefused(f"{path}.{name}", f"more than {MAX_CALLBACKS} callbacks", "link a group instead")
        yield from _listed(callbacks, f"{path}.{name}", depth)


def _listed(members: Any, path: str, depth: int) -> Iterator[Found]:
    if not isinstance(members, list):
        raise CanvasRefused(path, "not a list of signatures", "give a JSON array of signatures")
    for index, member in enumerate(members):
        yield member, f"{path}[{index}]", depth


def _completed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a copy with every key that Celery expects; the recursion is bounded, because the depth was checked."""
    kind = kind_of(raw)
    kwargs = dict(raw.get("kwargs", {}))
    for name, inside in kwargs.items():
        if kind in KWARGS and name in ("tasks", "header", "body", "task"):
            kwargs[name] = _all_completed(inside)
    options = dict(raw.get("options", {}))
    for name in ("link", "link_error"):
        if name in options:
            options[name] = _all_completed(options[name])
    return {
        "task": raw.get("task", NAMES.get(kind)),
        "args": list(raw.get("args", [])),
        "kwargs": kwargs,
        "options": options,
        "subtask_type": FROM_DICT_TYPES.get(kind),
        "immutable": raw.get("immutable", False),
    }


def _all_completed(inside: Any) -> Any:
    if isinstance(inside, list):
        return [_completed(member) for member in inside]
    return _completed(inside)
