"""A running task may return a canvas that takes its place: the rows to plant, and the row's new expr."""

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
    """The rows that take the place of a running task, and the expr that gives that task's result.

    `depth` is how many delegated rows the running task stands under: 0 for a row of the submitted
    canvas. The rows get no input, whatever input the task had. As with Celery's `Task.replace`, a
    group gives its list as it is, never unwrapped. Raises CanvasRefused.
    """
    if depth >= max_nesting:
        raise CanvasRefused(
            "replacement",
            f"tasks put canvases in their place more than {max_nesting} deep",
            "return a value, or plan the work from one task",
        )
    return Planter(new_id, join, limits).planted(read(signature, limits), unwrap=False)
