"""Erases one person's collected data wherever the ledger has it, and records that without their name.

The person is a commenter, by the exact name that the app shows. Each step is a bounded transaction, so workers go on
meanwhile; an erasure that was interrupted is repeated from its start, and finds only what is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Engine, Select, Text, func, or_, select, type_coerce, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.history.audit_log import record_change
from models.retention.comments import delete_comments
from models.retention.without_person import ERASED, text_without, without_person
from models.tables import ActionRow, Alert, Approval, Attempt, Campaign, CollectedComment, Delivery, Hold, Record, Task
from models.tasks.states import OPEN
from models.transactions.read_write import read, write
from models.values.refused import refuse

BATCH_SIZE = 100
MOST_NAME = 191
LEAST_IN_TEXT = 2  # a name of one character is part of many words: texts for people keep it
SUBJECT = "person"  # of the entry in the audit log


@dataclass(frozen=True, slots=True)
class Place:
    """Columns of one table that may hold a person's data, and the columns by which its rows are walked."""

    name: str
    table: Any
    key: InstrumentedAttribute[Any]
    values: tuple[InstrumentedAttribute[Any], ...] = ()  # JSON
    texts: tuple[InstrumentedAttribute[Any], ...] = ()  # for people, with the name in them
    only: ColumnElement[bool] | None = None


_OF_TASK = (Task.args, Task.kwargs, Task.result, Task.root)
PLACES = (
    Place("tasks", Task, Task.id, _OF_TASK, (Task.reason,), Task.state.not_in(OPEN)),
    Place("attempts", Attempt, Attempt.id, (Attempt.details,), (Attempt.reason,), Attempt.ended_at.is_not(None)),
    Place("campaigns", Campaign, Campaign.id, (Campaign.asked_for, Campaign.root), (), Campaign.outcome.is_not(None)),
    Place("callbacks", Delivery, Delivery.number, (Delivery.payload,)),
    Place("actions", ActionRow, ActionRow.id, (), (ActionRow.target_commenter, ActionRow.reason)),
    Place("approvals", Approval, Approval.id, (), (Approval.why, Approval.withdrawn_why)),
    Place("alerts", Alert, Alert.id, (Alert.details,), (Alert.text, Alert.remedy)),
    Place("holds", Hold, Hold.id, (), (Hold.what, Hold.reason, Hold.remedy)),
)


def find_person(engine: Engine, name: str) -> dict[str, int]:
    """Returns in how many rows of each kind a person's data stands, as `erase_person` would find them."""
    _check(name)
    found = {"comments": read(engine, partial(_number, _comments(name)))}
    for place in PLACES:
        count = select(func.count()).select_from(place.table).where(*_conditions(place, name))
        found[place.name] = read(engine, partial(_number, count))
    return found | {"records": read(engine, partial(_number, _of_records(name, func.count())))}


def erase_person(engine: Engine, name: str, who: str) -> dict[str, int]:
    """Erases a person's data. Returns the number of rows of each kind that were deleted or changed.

    Raises Refused while tasks that have not ended act on a comment of theirs: nothing is erased then.
    """
    _check(name)
    if open_tasks := read(engine, partial(_number, _open_tasks(name))):
        reason = f"{open_tasks} tasks that have not ended hold this name"
        raise refuse("name", reason, "stop them, or wait until they have ended; then erase again")
    write(engine, lambda session: record_change(session, who, SUBJECT, None, "erasure of one person's data begins"))
    done = {"comments": sum(_delete_comments(engine, name))}
    for place in PLACES:
        done[place.name] = sum(_walk(engine, place, name))
    done["records"] = write(engine, lambda session: _in_records(session, name))
    write(engine, lambda session: record_change(session, who, SUBJECT, None, {"erased": done}))
    return done


def _check(name: str) -> None:
    if not 1 <= len(name) <= MOST_NAME:
        raise refuse("name", f"it has {len(name)} characters", f"give 1 to {MOST_NAME}, as the app shows the name")


def _comments(name: str) -> Select[Any]:
    return select(func.count()).select_from(CollectedComment).where(CollectedComment.commenter == name)


def _open_tasks(name: str) -> Select[Any]:
    needle = _quoted(name)
    named = or_(*(func.instr(type_coerce(column, Text), needle) > 0 for column in _OF_TASK))
    return select(func.count()).select_from(Task).where(Task.state.in_(OPEN), named)


def _number(count: Select[Any], session: Session) -> int:
    return session.scalar(count) or 0


def _of_records(name: str, *wanted: Any) -> Select[Any]:
    named = func.instr(Record.reason, name) > 0
    return select(*wanted).select_from(Record).where(named if len(name) >= LEAST_IN_TEXT else Record.id.is_(None))


def _in_records(session: Session, name: str) -> int:
    """One statement: their key begins with the time, so they cannot be walked by id."""
    if len(name) < LEAST_IN_TEXT:
        return 0
    change = update(Record).where(func.instr(Record.reason, name) > 0)
    changed = change.values(reason=func.replace(Record.reason, name, ERASED))
    done = session.execute(changed.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return done.rowcount


def _delete_comments(engine: Engine, name: str) -> Iterator[int]:
    mine = select(CollectedComment.id).where(CollectedComment.commenter == name).limit(BATCH_SIZE)
    while done := write(engine, lambda session: delete_comments(session, session.scalars(mine).all())):
        yield done


def _conditions(place: Place, name: str) -> list[ColumnElement[bool]]:
    named = [func.instr(type_coerce(column, Text), _quoted(name)) > 0 for column in place.values]
    texts = [func.instr(column, name) > 0 for column in place.texts]
    if place.table is ActionRow:  # by its name alone: the reason of another's action may have the same characters
        texts = [ActionRow.target_commenter == name]
    elif len(name) < LEAST_IN_TEXT:
        texts = []
    found: list[ColumnElement[bool]] = [or_(*named, *texts)] if named or texts else [place.key.is_(None)]
    return found if place.only is None else [*found, place.only]


def _quoted(name: str) -> str:
    """Returns the name as it stands in JSON text, so that no part of a longer text matches."""
    return json.dumps(name, ensure_ascii=False)


def _walk(engine: Engine, place: Place, name: str) -> Iterator[int]:
    """Changes the rows that match, from the lowest key on, so that a row that cannot be changed ends no loop."""
    last: Any = None
    while True:
        done, last = write(engine, _step(place, name, last))
        yield done
        if last is None:
            return


def _step(place: Place, name: str, last: Any) -> Callable[[Session], tuple[int, Any]]:
    columns = (*place.values, *place.texts)
    more = [ActionRow.target_comment] if place.table is ActionRow else []
    wanted = select(place.key, *columns, *more).where(*_conditions(place, name)).order_by(place.key).limit(BATCH_SIZE)
    if last is not None:
        wanted = wanted.where(place.key > last)

    def work(session: Session) -> tuple[int, Any]:
        rows = session.execute(wanted).mappings().all()
        for known in rows:
            values: dict[str, Any] = {one.key: without_person(known[one.key], name) for one in place.values}
            values |= {one.key: text_without(known[one.key], name) for one in place.texts}
            if place.table is ActionRow:
                values["target_comment"] = ERASED
            change = update(place.table).where(place.key == known[place.key.key]).values(values)
            session.execute(change.execution_options(synchronize_session=False))
        return len(rows), rows[-1][place.key.key] if len(rows) == BATCH_SIZE else None

    return work
