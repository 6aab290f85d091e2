"""The result of a task as a table: the flow's heading, its columns, and the rows that it makes of its result."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from flows.specs.catalogue import spec_of
from models.tables import Task
from scripts.terminal.show import Sheet
from workers.attempts.arguments import evaluate_arguments
from workers.canvas.rows import ResultMissing

MOST_ROWS = 20


def result_sheet(session: Session, task: Task) -> Sheet | None:
    """Returns the first rows of the result of a flow's task. None when the task has none, or one of another version.

    A result that was stored by another version of its flow may not have the fields of which this one makes rows.
    """
    flow = spec_of(task.flow, task.flow_version)
    if flow is None or task.result is None:
        return None
    try:
        params = flow.params_model.model_validate(evaluate_arguments(session, task).params)
        rows = flow.rows(params, flow.result_model.model_validate(task.result))
    except (ValidationError, ResultMissing):
        return None
    count = (
        f"{len(rows)} row{'s' * (len(rows) != 1)}"
        if len(rows) <= MOST_ROWS
        else f"the first {MOST_ROWS} of {len(rows)} rows"
    )
    cells = [[_cell(row[column.key]) for column in flow.columns] for row in rows[:MOST_ROWS]]
    return Sheet(f"{flow.heading} {flow.name}, {count}", [column.heading for column in flow.columns], cells)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
