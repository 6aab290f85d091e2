"""Compiles a canvas that a running task returns to take its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.database.nesting import MAX_NESTING
from workers.canvas.compile import Planter
from workers.canvas.errors import DEFAULT_LIMITS, CanvasRefused, Limits
from workers.canvas.parse import read
from workers.canvas.rows import Join, Planted


def compile_replacement(
    signature: Mapping[str, Any],
    *,
    new_id: Callable[[], str],
    depth: int,
    join: Join = "all",
    max_nesting: int = MAX_NESTING,
    limits: Limits = DEFAULT_LIMITS,
) -> Planted:
    """Returns the rows that take the place of a running task, and the expr of that task's result.

    `depth` is the number of delegated rows above the running task: 0 for a row of the submitted canvas. The rows get
    no input, even if the task had some. As with Celery's `Task.replace`, a group's list is never unwrapped. Raises
    CanvasRefused.
    """
    if depth >= max_nesting:
        raise CanvasRefused(
            "replacement",
            f"tasks put canvases in their place more than {max_nesting} deep",
            "return a value, or plan the work from one task",
        )
    return Planter(new_id, join, limits).planted(read(signature, limits), unwrap=False)
