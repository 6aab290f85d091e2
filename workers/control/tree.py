"""The tree of a task: the tasks that were planted in its place, and in theirs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.nesting import MAX_NESTING
from models.tables import Task

IN_ONE_STATEMENT = 500  # ids


def tree(session: Session, *task_ids: str) -> list[str]:
    """Returns the ids of these tasks and of all tasks planted in their places, directly or indirectly."""
    found = list(task_ids)
    level: Sequence[str] = found
    for _ in range(MAX_NESTING):
        parts = range(0, len(level), IN_ONE_STATEMENT)
        level = [
            one
            for start in parts
            for one in session.scalars(
                select(Task.id).where(Task.in_place_of.in_(level[start : start + IN_ONE_STATEMENT]))
            )
        ]
        if not level:
            break
        found += level
    return list(dict.fromkeys(found))
