"""Held tasks: laid aside with a reason, and let go on when no reason is left.

A task is held while a person paused it or a hold lies on what it does; it remembers the state that it
was in. What has to be verified is never held: who knows the outcome of an action decides what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from models.tables import Task
from models.tasks.states import State

NOT_BEGUN = (State.WAITING, State.READY)
BATCH_SIZE = 1000


def hold_tasks(session: Session, which: ColumnElement[bool], why: str, *, hold_id: int | None = None) -> int:
    """Hold those of these tasks that have not begun: by this hold, or by a pause. How many are held now that were not.

    `why` is for people. Tasks that are held already get this reason in addition.
    """
    reason: tuple[Any, Any] = (Task.paused, True) if hold_id is None else (Task.hold_id, hold_id)
    session.execute(update(Task).where(which, Task.state == State.HELD).values({reason[0]: reason[1]}))
    result = session.execute(
        update(Task)
        .where(which, Task.state.in_(NOT_BEGUN), ~Task.verifying)
        # in this order: MySQL uses the new value of a column that was set before
        .ordered_values(
            (Task.held_from, Task.state),
            (Task.state, State.HELD),
            reason,
            (Task.waits_for, why),
            (Task.rung_at, None),
            (Task.rung_queue, None),
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()  # what this session holds of them is out of date
    return int(getattr(result, "rowcount", 0))


def release_tasks(session: Session, which: ColumnElement[bool], *, hold_id: int | None = None) -> Sequence[str]:
    """Take this hold, or the pause, from these tasks. The ids of those that are ready now, to be rung."""
    mine = Task.paused if hold_id is None else Task.hold_id == hold_id
    cleared: dict[str, Any] = {"paused": False} if hold_id is None else {"hold_id": None}
    ids = session.scalars(select(Task.id).where(which, mine).order_by(Task.position)).all()
    ready: list[str] = []
    for start in range(0, len(ids), BATCH_SIZE):
        some = Task.id.in_(ids[start : start + BATCH_SIZE])
        session.execute(update(Task).where(some).values(cleared).execution_options(synchronize_session=False))
        free = (some, Task.state == State.HELD, ~Task.paused, Task.hold_id.is_(None))
        ready += session.scalars(select(Task.id).where(*free, Task.held_from == State.READY)).all()
        session.execute(
            update(Task)
            .where(*free)
            .ordered_values((Task.state, Task.held_from), (Task.held_from, None), (Task.waits_for, None))
            .execution_options(synchronize_session=False)
        )
    session.expire_all()
    return ready
