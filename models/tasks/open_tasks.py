"""How many tasks of a key have not ended."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from models.tables import Task
from models.tasks.states import OPEN


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """The number of tasks that have not ended, and of those that are pinned to an account or a phone."""

    tasks: int = 0
    pinned: int = 0

    def __add__(self, more: OpenTasks) -> OpenTasks:
        return OpenTasks(self.tasks + more.tasks, self.pinned + more.pinned)


def open_tasks(session: Session, key_id: str) -> OpenTasks:
    """Returns the numbers of a key. An account that must look for what it did is no pin that the customer asked for."""
    pinned = or_(Task.pinned_account.is_not(None), Task.pinned_phone.is_not(None)) & ~Task.verifying
    counted = select(func.count(), func.count(case((pinned, 1)))).select_from(Task)
    tasks, of_them = session.execute(counted.where(*_open_of(key_id))).one()
    return OpenTasks(tasks, of_them)


def open_count(session: Session, key_id: str) -> int:
    """Returns how many tasks of a key have not ended. An index tells it, without a look at the tasks' rows."""
    return session.scalar(select(func.count()).select_from(Task).where(*_open_of(key_id))) or 0


def _open_of(key_id: str) -> tuple[ColumnElement[bool], ...]:
    return Task.key_id == key_id, Task.state.in_(list(OPEN))
