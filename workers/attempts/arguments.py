"""Evaluates a task's arguments: puts the results of earlier tasks in the places that refer to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.failures import Culprit, Kind
from models.database.sizes import MOST_RESULT
from models.tables import Task
from models.tasks.states import State
from models.tasks.transitions import TaskEnd
from workers.canvas.rows import evaluate, from_json, refs
from workers.lifecycle.dependents import end_task

MOST_TAKEN = 16 * MOST_RESULT  # bytes of results that one task takes as its arguments


@dataclass(frozen=True, slots=True)
class Arguments:
    """A task's arguments as its signature says them."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def params(self) -> dict[str, Any]:
        """Returns a flow's parameters: those that earlier steps handed on, then the task's own, which win."""
        return merged_params(self.args, self.kwargs)


def merged_params(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Merges the mappings that were handed on, in their order, then the parameters given by name."""
    known: dict[str, Any] = {}
    for value in args:
        if isinstance(value, Mapping):
            known.update(value)
    return known | dict(kwargs)


def evaluate_arguments(session: Session, task: Task) -> Arguments:
    """Returns the arguments, with the results of the tasks that they refer to in their places."""
    args = [from_json(one) for one in task.args]
    wanted = {ref for one in args for ref in refs(one)}
    results: dict[str, Any] = {}
    if wanted:
        rows = session.execute(select(Task.id, Task.result).where(Task.id.in_(wanted), Task.state == State.SUCCEEDED))
        results = dict(rows.all())
    return Arguments(tuple(evaluate(one, results) for one in args), dict(task.kwargs))


def refuse_too_much(session: Session, task: Task, now: datetime) -> str | None:
    """Ends a task whose arguments would fill its worker's memory; reads the sizes of the results, not the results.

    Returns the reason, or None when they fit.
    """
    wanted = {ref for one in task.args for ref in refs(from_json(one))}
    if len(wanted) * MOST_RESULT <= MOST_TAKEN:
        return None
    size = session.scalar(select(func.sum(func.length(Task.result))).where(Task.id.in_(wanted))) or 0
    if size <= MOST_TAKEN:
        return None
    reason = f"the results that it takes are {size:.0f} bytes together, and {MOST_TAKEN} are the most"
    end_task(
        session,
        task,
        TaskEnd(State.FAILED, code="result_too_large", kind=Kind.FATAL, culprit=Culprit.FLOW, reason=reason),
        now,
    )
    return reason
