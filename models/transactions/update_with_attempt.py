"""Writes the end of a task and of its attempt with one UPDATE, where the database has one for rows of two tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.orm import Session

from models.tables import Attempt, Task
from models.transactions.update_together import changes_of, note_written, update_together

Names = tuple[str, ...]


def update_with_attempt(session: Session, task: Task, ended: Mapping[str, Any]) -> None:
    """Writes what changed in a task, and these columns of its last attempt; notes a move as a flush does.

    One statement for both on MySQL and MariaDB; SQLite takes two. The caller has locked the task's row.
    """
    changes = changes_of(task)
    names = tuple(sorted(ended))
    values = {"of_task": task.id, "at_number": task.attempt, **{f"{name}_there": ended[name] for name in names}}
    if not changes or session.get_bind().dialect.name == "sqlite":
        session.connection().execute(_attempt(names), values)
        update_together(session, [task])
        return
    values |= {f"{name}_here": value for name, value in changes.items()}
    session.connection().execute(_both(tuple(sorted(changes)), names), values)
    note_written(session, [(task, changes)])


@lru_cache(maxsize=20)
def _attempt(names: Names) -> Update:
    attempt = cast("Table", Attempt.__table__)
    this = attempt.c.task_id == bindparam("of_task"), attempt.c.number == bindparam("at_number")
    return update(attempt).where(*this).values(_given(attempt, names, "there"))


@lru_cache(maxsize=100)
def _both(changed: Names, names: Names) -> Update:
    """Returns the UPDATE of a task and an attempt; made once, because to make it costs as much as sending it.

    Both are found by constants too: by the task's own columns alone, a database that takes the attempts for few would
    read and lock them all.
    """
    task, attempt = cast("Table", Task.__table__), cast("Table", Attempt.__table__)
    this = attempt.c.task_id == bindparam("of_task"), attempt.c.number == bindparam("at_number")
    values = _given(task, changed, "here") | _given(attempt, names, "there")
    return update(task).where(task.c.id == bindparam("of_task"), attempt.c.task_id == task.c.id, *this).values(values)


def _given(table: Table, names: Names, where: str) -> dict[Any, Any]:
    return {table.c[name]: bindparam(f"{name}_{where}", type_=table.c[name].type) for name in names}
