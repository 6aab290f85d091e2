"""Reads what belongs to a step's tasks: campaigns' names, attempts, results and parameters; few results at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from gateway.exports.rows import Ended
from models.tables import Attempt, Campaign, Task
from models.tasks.states import ENDED, State
from workers.attempts.arguments import evaluate_arguments
from workers.canvas.rows import ResultMissing

MOST_BYTES = 4 << 20  # of results in memory; one result may have as many
IN_A_QUESTION = 200


def ended_by(task: Task, cut_at: datetime) -> bool:
    """Returns whether a task had ended at the cut."""
    return task.state in ENDED and task.ended_at is not None and task.ended_at <= cut_at


def campaign_names(session: Session, tasks: Sequence[Task]) -> dict[str, str]:
    """Returns the names of the tasks' campaigns by id."""
    ids = sorted({task.campaign_id for task in tasks})
    found: dict[str, str] = {}
    for start in range(0, len(ids), IN_A_QUESTION):
        some = ids[start : start + IN_A_QUESTION]
        found |= dict(session.execute(select(Campaign.id, Campaign.name).where(Campaign.id.in_(some))).all())
    return found


def attempts_of(session: Session, tasks: Sequence[Task], cut_at: datetime) -> dict[str, list[Attempt]]:
    """Returns the attempts that had ended, by task, in their order, without their details."""
    found: dict[str, list[Attempt]] = {}
    for start in range(0, len(tasks), IN_A_QUESTION):
        ids = [task.id for task in tasks[start : start + IN_A_QUESTION]]
        which = select(Attempt).where(Attempt.task_id.in_(ids), Attempt.ended_at <= cut_at)
        for attempt in session.scalars(which.options(defer(Attempt.details)).order_by(Attempt.task_id, Attempt.number)):
            found.setdefault(attempt.task_id, []).append(attempt)
    return found


def ended_tasks(
    session: Session, tasks: Sequence[Task], attempts: dict[str, list[Attempt]], names: dict[str, str], cut_at: datetime
) -> Iterator[Ended]:
    """Yields the tasks that had ended, with parameters and result, in their order."""
    ended = [task for task in tasks if ended_by(task, cut_at)]
    for some in _few_at_once(session, ended):
        ids = [task.id for task in some]
        results: dict[str, Any] = dict(session.execute(select(Task.id, Task.result).where(Task.id.in_(ids))).all())
        for task in some:
            mine = attempts.get(task.id, [])
            yield Ended(
                task=task,
                campaign=names.get(task.campaign_id, ""),
                params=_params(session, task),
                result=results.get(task.id),
                details=_details(session, task, mine),
                attempts=mine,
            )


def _few_at_once(session: Session, tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    """Yields the tasks in parts whose results together have about MOST_BYTES."""
    for start in range(0, len(tasks), IN_A_QUESTION):
        some = tasks[start : start + IN_A_QUESTION]
        ids = [one.id for one in some]
        sizes: dict[str, int | None] = dict(
            session.execute(select(Task.id, func.length(Task.result)).where(Task.id.in_(ids))).all()
        )
        part: list[Task] = []
        size = 0
        for task in some:
            more = sizes.get(task.id) or 0
            if part and size + more > MOST_BYTES:
                yield part
                part, size = [], 0
            part.append(task)
            size += more
        if part:
            yield part


def _params(session: Session, task: Task) -> dict[str, Any] | None:
    try:
        return evaluate_arguments(session, task).params
    except ResultMissing:
        return None


def _details(session: Session, task: Task, attempts: Sequence[Attempt]) -> Any:
    if task.state != State.FAILED or not attempts:
        return None
    return session.scalar(select(Attempt.details).where(Attempt.id == attempts[-1].id))
