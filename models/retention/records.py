"""Deletes old records, a bounded number at once. Their hours stay: they are counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from models.tables import Record

MOST_RECORDS = 1000  # that one run deletes


def delete_old_records(session: Session, before: datetime) -> int:
    """Deletes records of what ended before a moment, up to 1000. Returns how many.

    On MariaDB and MySQL `phonefleet migrate` drops whole months before, at the cost of none of these.
    """
    old = select(Record.ended_at, Record.id).where(Record.ended_at < before)
    found = session.execute(old.order_by(Record.ended_at, Record.id).limit(MOST_RECORDS)).all()
    if not found:
        return 0
    these = tuple_(Record.ended_at, Record.id).in_([(at, row) for at, row in found])
    newest = found[-1][0]  # only the partitions of these
    gone = delete(Record).where(Record.ended_at <= newest, these)
    session.execute(gone.execution_options(synchronize_session=False))
    return len(found)
