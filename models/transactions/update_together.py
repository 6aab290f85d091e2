"""Writes what changed in several tasks with one UPDATE: a flush sends one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, Table, case, literal, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from models.tables import Task
from models.transactions.state_change_capture import note, task_change


def update_together(session: Session, tasks: Sequence[Task]) -> None:
    """Writes the changes of these tasks, and notes their moves as a flush does. The caller has locked their rows."""
    changed = {task.id: _changes(task) for task in tasks}
    columns = sorted({name for one in changed.values() for name in one})
    if not columns:
        return
    table = cast("Table", Task.__table__)
    values = {name: _value(table.c[name], name, changed) for name in columns}
    these = [task.id for task in tasks if changed[task.id]]
    session.connection().execute(update(table).where(table.c.id.in_(these)).values(values))
    for task in tasks:
        for name, value in changed[task.id].items():
            set_committed_value(task, name, value)  # before anything is asked for, which would flush it once more
    note(session, [task_change(task) for task in tasks if "state" in changed[task.id]])


def _changes(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in instance_state(task).committed_state}


def _value(column: Column[Any], name: str, changed: Mapping[str, Mapping[str, Any]]) -> Any:
    """Returns the new value that all tasks have in common, or one for each."""
    given = {task_id: one[name] for task_id, one in changed.items() if name in one}
    common = next(iter(given.values()))
    if len(given) == sum(1 for one in changed.values() if one) and all(value == common for value in given.values()):
        return common
    own = ((column.table.c.id == task_id, literal(value, column.type)) for task_id, value in given.items())
    return case(*own, else_=column)
