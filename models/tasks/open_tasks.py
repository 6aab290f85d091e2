"""How many tasks of a key have not ended."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.tables import Task
from models.tasks.states import OPEN


def open_tasks(session: Session, key_id: str) -> int:
    """Returns the number of tasks of a key that have not ended."""
    is_open = (Task.key_id == key_id, Task.state.in_(list(OPEN)))
    return session.scalar(select(func.count()).select_from(Task).where(*is_open)) or 0
