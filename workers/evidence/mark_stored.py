"""Notes in the attempt's row whether its evidence is stored."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.tables import Attempt
from models.transactions.read_write import write


class Noted(Enum):
    """The result of a note."""

    DONE = "done"
    NOT_YET = "not yet"  # the attempt has not ended: its worker will record it, or its lease will run out
    NO_SUCH = "no such attempt"


def note(engine: Engine, task_id: str, attempt: int, told: dict[str, Any]) -> Noted:
    """Writes the summary into the row of an attempt that has ended, also as lost. Raises the database's errors.

    Not earlier, because the worker's own record of the failure would overwrite it.
    """

    def work(session: Session) -> Noted:
        found = select(Attempt).where(Attempt.task_id == task_id, Attempt.number == attempt)
        row = session.scalars(found).one_or_none()
        if row is None:
            return Noted.NO_SUCH
        if row.ended_at is None:
            return Noted.NOT_YET
        row.evidence = told
        return Noted.DONE

    return write(engine, work)
