"""Builds canvases as plain data, in the form in which Celery writes a signature as JSON.

A process that only plants needs nothing else of Celery: importing it costs a command a quarter of its CPU time.
The form is that of `celery.canvas.Signature`, a dict with these keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Canvas = dict[str, Any]


def task(name: str, kwargs: Mapping[str, Any] | None = None, *, immutable: bool = False, **options: Any) -> Canvas:
    """Returns the signature of a task; an immutable one takes no result of the step before."""
    return {
        "task": name,
        "args": (),
        "kwargs": dict(kwargs or {}),
        "options": options,
        "subtask_type": None,
        "immutable": immutable,
    }


def chain(*steps: Canvas) -> Canvas:
    """Returns the canvas of steps that run one after another."""
    return _composed("chain", {"tasks": list(steps)})


def group(members: Sequence[Canvas]) -> Canvas:
    """Returns the canvas of members that run in parallel."""
    return _composed("group", {"tasks": list(members)})


def chord(header: Canvas, body: Canvas) -> Canvas:
    """Returns the canvas of a group, and of a body that takes the group's results."""
    return _composed("chord", {"header": header, "body": body})


def _composed(kind: str, kwargs: dict[str, Any]) -> Canvas:
    return {**task(f"celery.{kind}", kwargs), "subtask_type": kind}
