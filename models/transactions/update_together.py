"""Writes what changed in several tasks with one UPDATE: a flush sends one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, case, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from models.tables import Task
from models.transactions.state_change_capture import note, task_change

Places = tuple[int, ...]
# Its name, and which of the tasks have a value of their own; None: all have one value.
Column = tuple[str, Places | None]
_IN_KIND = (float, list, tuple, dict)  # equal ones may differ: 0.0 and -0.0, [1] and [True]


def update_together(session: Session, tasks: Sequence[Task]) -> None:
    """Writes the changes of these tasks, and notes their moves as a flush does. The caller has locked their rows."""
    moved = [(task, changes) for task in tasks if (changes := changes_of(task))]
    if not moved:
        return
    columns, values = _columns([changes for _, changes in moved])
    ids = {f"id_{place}": task.id for place, (task, _) in enumerate(moved)}
    session.connection().execute(_statement(len(moved), columns), {**ids, **values})
    note_written(session, moved)


def note_written(session: Session, moved: Sequence[tuple[Task, Mapping[str, Any]]]) -> None:
    """Takes these changes of tasks for written, and notes their moves as a flush does."""
    for task, changes in moved:
        for name, value in changes.items():
            set_committed_value(task, name, value)  # before anything is asked for, which would flush it once more
    note(session, [task_change(task) for task, changes in moved if "state" in changes])


def changes_of(task: Task) -> dict[str, Any]:
    """Returns what changed in a task since it was read or written."""
    return {name: getattr(task, name) for name in instance_state(task).committed_state}


def _columns(changed: Sequence[Mapping[str, Any]]) -> tuple[tuple[Column, ...], dict[str, Any]]:
    """Returns what changes, and the values: of a column one that all tasks have in common, or one for each."""
    columns: list[Column] = []
    values: dict[str, Any] = {}
    for name in sorted({name for one in changed for name in one}):
        given = {place: one[name] for place, one in enumerate(changed) if name in one}
        common = next(iter(given.values()))
        if len(given) == len(changed) and all(_alike(value, common) for value in given.values()):
            columns.append((name, None))
            values[f"{name}_"] = common
        else:
            columns.append((name, tuple(given)))
            values |= {f"{name}_{place}": value for place, value in given.items()}
    return tuple(columns), values


def _alike(value: Any, common: Any) -> bool:
    """Returns whether the database gets the same by both. To Python 1, True and 1.0 are equal, in lists as well."""
    return value is common or (type(value) is type(common) and value == common and not isinstance(value, _IN_KIND))


@lru_cache(maxsize=200)
def _statement(count: int, columns: tuple[Column, ...]) -> Update:
    """Returns the UPDATE of so many tasks; made once, because to make it costs as much as sending it."""
    table = cast("Table", Task.__table__)
    ids = [bindparam(f"id_{place}", type_=table.c.id.type) for place in range(count)]
    values: dict[str, Any] = {}
    for name, own in columns:
        column = table.c[name]
        if own is None:
            values[name] = bindparam(f"{name}_", type_=column.type)
        else:
            each = ((table.c.id == ids[place], bindparam(f"{name}_{place}", type_=column.type)) for place in own)
            values[name] = case(*each, else_=column)
    return update(table).where(table.c.id.in_(ids)).values(values)
