"""The storm's own looks at the ledger; one that the storm itself struck down says nothing, and is asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from models.tables import ActionRow, Attempt, Task
from models.tasks.states import ENDED, State
from models.transactions.read_write import read

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Running:
    """An attempt that runs now."""

    task_id: str
    attempt: int
    incarnation: str
    serial: str | None
    flow: str
    kwargs: Mapping[str, Any]
    pinned: bool


def look(engine: Engine, work: Callable[[Session], T]) -> T | None:
    """Returns what the ledger has, or None while it does not answer."""
    try:
        return read(engine, work)
    except (DBAPIError, PoolTimeout):
        return None


def still_open(engine: Engine) -> list[str]:
    """Returns a line for each task that has not ended: its state, where it may run, why it waits, what was tried."""

    def work(session: Session) -> list[str]:
        tasks = session.scalars(select(Task).where(Task.state.not_in(ENDED)).order_by(Task.id)).all()
        tried: dict[str, list[str]] = {}
        mine = select(Attempt).where(Attempt.task_id.in_([task.id for task in tasks])).order_by(Attempt.id)
        for one in session.scalars(mine):
            told = f"{one.phone_serial} {one.started_at:%H:%M:%S} {one.outcome or 'runs'} {one.failure_code or ''}"
            tried.setdefault(one.task_id, []).append(told.strip())
        lines = []
        for task in tasks:
            where, waits = task.pinned_phone or "any phone", task.waits_for or "waits for nothing"
            attempts = "; ".join(tried.get(task.id, ["no attempt"]))
            lines.append(f"{task.id[:8]} {task.state}, for {where}, {waits}: {attempts}")
        return lines

    return look(engine, work) or []


def running(engine: Engine) -> list[Running]:
    """Returns the running attempts; none while the ledger does not answer."""

    def work(session: Session) -> list[Running]:
        rows = session.scalars(select(Task).where(Task.state == State.RUNNING).order_by(Task.id)).all()
        return [
            Running(
                row.id,
                row.attempt,
                row.incarnation or "",
                row.phone_serial,
                row.flow,
                row.kwargs,
                row.pinned_account is not None or row.pinned_phone is not None,
            )
            for row in rows
        ]

    return look(engine, work) or []


def states(engine: Engine) -> dict[str, int] | None:
    """How many tasks are in which state."""
    counted = select(Task.state, func.count()).group_by(Task.state)
    return look(engine, lambda session: dict(session.execute(counted).all()))


def declared(engine: Engine, task_id: str) -> bool:
    """Returns whether an action of this task is past its point of no return, and open."""
    wanted = select(ActionRow.id).where(ActionRow.task_id == task_id, ActionRow.outcome == "declared").limit(1)
    return look(engine, lambda session: session.scalar(wanted)) is not None
