"""Retry: plants failed tasks again, as a campaign of their own with the same parameters.

A failed task has ended, and what waited for it has ended with it; so a retry is new work, checked as all new work is.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from flows.registry import FLOWS
from models.history.audit_log import record_change
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from models.values.refused import refuse
from workers.attempts.arguments import evaluate_arguments
from workers.canvas.signatures import Canvas, group, task
from workers.planting.submit import PlantedCanvas, plant_canvas

MOST_RETRIED = 500


def retry_failed(engine: Engine, task_ids: Sequence[str], *, name: str, who: str) -> PlantedCanvas:
    """Plants the failed ones of these tasks again, on any phone or on the account or phone that they are pinned to.

    Only the operator's own tasks on real phones: a customer asks again by itself. Raises Refused when none is left, or
    when planting refuses them.
    """
    if len(task_ids) > MOST_RETRIED:
        raise refuse("tasks", f"{len(task_ids)} are too many at once", f"retry at most {MOST_RETRIED}")
    canvases = read(engine, lambda session: [_again(session, one) for one in _failed(session, task_ids)])
    if not canvases:
        raise refuse("tasks", "none of them is a failed task of the operator's own", "see the list of failures")
    planted = plant_canvas(engine, group(canvases), name=name, asked_by=who, join="settled")
    told = {"retried": len(canvases), "tasks": list(task_ids)[:20]}
    write(engine, lambda session: record_change(session, who, f"campaign:{planted.handle.id}", None, told))
    return planted


def _failed(session: Session, task_ids: Sequence[str]) -> Sequence[Task]:
    mine = (Task.id.in_(task_ids), Task.state == State.FAILED, Task.key_id.is_(None), ~Task.sandbox)
    return session.scalars(select(Task).where(*mine, Task.flow.in_(list(FLOWS))).order_by(Task.position)).all()


def _again(session: Session, one: Task) -> Canvas:
    options: dict[str, object] = {"priority": one.priority}
    if one.pinned_phone is not None:
        options["queue"] = f"phone.{one.pinned_phone}"
    elif one.pinned_account is not None:
        options["queue"] = f"account.{one.pinned_account}"
    return task(one.flow, evaluate_arguments(session, one).params, immutable=True, **options)
