"""Writes the records behind the transactions that end attempts, actions and tasks: each once, whatever is killed.

A row that is to be recorded says so in a column with an index. One transaction sets that column of a batch of such
rows, which locks them, and writes the records and the hours. So no worker waits, and a fill that was killed is repeated
from its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Engine,
    bindparam,
    false,
    insert,
    literal_column,
    null,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from models.database.insert_if_absent import insert_unless_there
from models.history.records.pairs import add_counts
from models.history.records.rows import TASK_COLUMNS, of_action, of_attempt, of_task
from models.tables import ActionRow, Attempt, Record, Task
from models.transactions.read_write import write

BATCH_SIZE = 500

Values = dict[str, Any]


class _Taken(Exception):
    """Another coordinator records some of these rows."""


def fill_records(engine: Engine, most: int = BATCH_SIZE) -> int:
    """Records up to `most` attempts, actions and tasks each. Returns the number of rows written.

    Returns 0, and writes nothing, if another coordinator records some of them at this moment.
    """
    try:
        return write(engine, partial(_fill, most))
    except _Taken:
        return 0


def _due(what: str, table: Any, *which: ColumnElement[bool]) -> Any:
    first = select(table.id).where(*which).order_by(table.id).limit(bindparam("most")).subquery()
    # numbers and texts in columns of their own
    ids = (null(), first.c.id) if table is Task else (first.c.id, null())
    return select(literal_column(f"'{what}'").label("what"), ids[0].label("number"), ids[1].label("name"))


# Without locks: a lock on what lies between would hold up the workers whose attempts still run.
_DUE = union_all(
    _due("attempt", Attempt, Attempt.recorded == false(), Attempt.ended_at.is_not(None)),
    _due("action", ActionRow, ActionRow.recorded == false(), ActionRow.ended_at.is_not(None)),
    _due("task", Task, Task.owes_record == true()),
)


def _fill(most: int, session: Session) -> int:
    due: dict[str, list[Any]] = {"attempt": [], "action": [], "task": []}
    for what, number, name in session.execute(_DUE, {"most": most}):
        due[what].append(name if number is None else number)
    values = [
        *_of_rows(session, Attempt, sorted(due["attempt"]), of_attempt),
        *_of_rows(session, ActionRow, sorted(due["action"]), of_action),
        *_of_tasks(session, sorted(due["task"])),
    ]
    if values:
        session.connection().execute(insert_unless_there(Record), values)
        add_counts(session, values)
    return len(values)


def _of_rows(
    session: Session,
    table: Any,  # Attempt or ActionRow
    ids: Sequence[int],
    made: Callable[[Any, Mapping[str, Any]], Values],
) -> list[Values]:
    if not ids:
        return []
    mine = (table.id.in_(ids), table.recorded == false())
    _take(session, update(table).where(*mine).values(recorded=True), len(ids))
    wanted = select(table, *TASK_COLUMNS).join(Task, Task.id == table.task_id).where(table.id.in_(ids))
    rows = session.execute(wanted.order_by(table.id)).mappings().all()
    assert len(rows) == len(ids), "a task stays until its attempts and actions are recorded"
    return [made(row[table], dict(row)) for row in rows]


def _of_tasks(session: Session, ids: Sequence[str]) -> list[Values]:
    if not ids:
        return []
    mine = (Task.id.in_(ids), Task.owes_record == true())
    _take(session, update(Task).where(*mine).values(owes_record=None), len(ids))
    wanted = select(*TASK_COLUMNS).where(Task.id.in_(ids)).order_by(Task.id)
    return [of_task(dict(row)) for row in session.execute(wanted).mappings()]


def _take(session: Session, marking: Any, number: int) -> None:
    """Marks rows as recorded, under their locks until the transaction ends. Raises _Taken if some are not due."""
    done = session.execute(marking.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    if done.rowcount != number:
        raise _Taken


def write_records(session: Session, values: Sequence[Values]) -> None:
    """Writes records that are whole, with their hours; for benchmarks, which have no attempts."""
    session.connection().execute(insert(Record), values)
    add_counts(session, values)
