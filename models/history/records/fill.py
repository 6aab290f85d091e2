"""Writes the records behind the transactions that end attempts, actions and tasks: each once, whatever is killed.

A row that is to be recorded says so in a column with an index. One transaction takes a batch of such rows under their
locks, writes the records and the hours, and sets the column. So no worker waits, and a fill that was killed is
repeated from its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Engine, false, insert, select, true, update
from sqlalchemy.orm import Session

from models.database.insert_if_absent import insert_unless_there
from models.history.records.hours import add_to_hours
from models.history.records.pairs import add_further
from models.history.records.rows import TASK_COLUMNS, of_action, of_attempt, of_task
from models.tables import ActionRow, Attempt, Record, Task
from models.transactions.read_write import write

BATCH_SIZE = 500

Values = dict[str, Any]


def fill_records(engine: Engine, most: int = BATCH_SIZE) -> int:
    """Records up to `most` attempts, actions and tasks each. Returns the number of rows written."""
    return sum(write(engine, partial(fill, most)) for fill in (_attempts, _actions, _tasks))


def _attempts(most: int, session: Session) -> int:
    # first without locks: a lock on what lies between would hold up the workers whose attempts still run
    due = select(Attempt.id).where(Attempt.recorded == false(), Attempt.ended_at.is_not(None)).order_by(Attempt.id)
    return _record(session, Attempt, session.scalars(due.limit(most)).all(), of_attempt)


def _actions(most: int, session: Session) -> int:
    due = select(ActionRow.id).where(ActionRow.recorded == false(), ActionRow.ended_at.is_not(None))
    return _record(session, ActionRow, session.scalars(due.order_by(ActionRow.id).limit(most)).all(), of_action)


def _record(
    session: Session,
    table: Any,  # Attempt or ActionRow
    ids: Sequence[int],
    made: Callable[[Any, Mapping[str, Any]], Values],
) -> int:
    if not ids:
        return 0
    mine = (table.id.in_(ids), table.recorded == false())
    rows = session.scalars(select(table).where(*mine).order_by(table.id).with_for_update()).all()
    tasks = _tasks_of(session, {row.task_id for row in rows})
    _write(session, [made(row, tasks[row.task_id]) for row in rows])
    done = update(table).where(table.id.in_([row.id for row in rows])).values(recorded=True)
    session.execute(done.execution_options(synchronize_session=False))
    return len(rows)


def _tasks(most: int, session: Session) -> int:
    due = select(Task.id).where(Task.owes_record == true()).order_by(Task.id).limit(most)
    ids = session.scalars(due).all()
    if not ids:
        return 0
    mine = select(Task.id).where(Task.id.in_(ids), Task.owes_record == true()).order_by(Task.id).with_for_update()
    taken = session.scalars(mine).all()
    tasks = _tasks_of(session, set(taken))
    _write(session, [of_task(tasks[one]) for one in taken])
    done = update(Task).where(Task.id.in_(taken)).values(owes_record=None)
    session.execute(done.execution_options(synchronize_session=False))
    return len(taken)


def _tasks_of(session: Session, ids: set[str]) -> dict[str, Mapping[str, Any]]:
    found = session.execute(select(*TASK_COLUMNS).where(Task.id.in_(ids))).mappings() if ids else ()
    return {row["id"]: dict(row) for row in found}


def _write(session: Session, values: Sequence[Values]) -> None:
    if values:
        session.connection().execute(insert_unless_there(Record), values)
        _count(session, values)


def write_records(session: Session, values: Sequence[Values]) -> None:
    """Writes records that are whole, with their hours; for benchmarks, which have no attempts."""
    session.connection().execute(insert(Record), values)
    _count(session, values)


def _count(session: Session, values: Sequence[Values]) -> None:
    add_to_hours(session, values)
    add_further(session, values)
