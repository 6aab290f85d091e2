"""Deletes old campaigns with their tasks and attempts, a bounded number at once.

A campaign goes as a whole or stays as a whole, because its counts would be wrong otherwise. Actions stay for ever: the
caps by video and by comment count them without an end (docs/responsible-use.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session, aliased

from models.tables import ActionRow, Attempt, Campaign, Delivery, Edge, Task
from models.tasks.states import OPEN
from models.values.enums import DeliveryState

MOST_CAMPAIGNS = 10  # that one run deletes
MOST_TASKS = 500


def delete_old_campaigns(session: Session, before: datetime) -> int:
    """Deletes campaigns that ended before a moment, up to 500 of their tasks. Returns the number of tasks deleted.

    Keeps those that still owe something: a callback, a record, an action in doubt, or the campaign that completes them.
    The row of the campaign goes with its last task.
    """
    old = select(Campaign.id).where(Campaign.created_at < before, *_over(before)).order_by(Campaign.created_at)
    ids = session.scalars(old.limit(MOST_CAMPAIGNS)).all()
    if not ids:
        return 0
    locked = select(Campaign.id).where(Campaign.id.in_(ids)).order_by(Campaign.id).with_for_update(skip_locked=True)
    deleted = 0
    for campaign_id in session.scalars(locked).all():
        mine = select(Task.id).where(Task.campaign_id == campaign_id).order_by(Task.id)
        tasks = session.scalars(mine.limit(MOST_TASKS - deleted)).all()
        _delete_tasks(session, tasks)
        deleted += len(tasks)
        if deleted >= MOST_TASKS:  # its other tasks go in the next run
            break
        session.execute(delete(Campaign).where(Campaign.id == campaign_id))
    return deleted


def _delete_tasks(session: Session, ids: Sequence[str]) -> None:
    if not ids:
        return
    for statement in (
        delete(Edge).where(or_(Edge.task_id.in_(ids), Edge.after_id.in_(ids))),
        delete(Attempt).where(Attempt.task_id.in_(ids)),
        delete(Task).where(Task.id.in_(ids)),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _over(before: datetime) -> list[ColumnElement[bool]]:
    """Returns the conditions on a campaign that nothing waits for."""
    mine = Task.campaign_id == Campaign.id
    later = aliased(Campaign)
    owed = Delivery.state == DeliveryState.OWED
    waits = (
        select(Task.id).where(mine, or_(Task.state.in_(OPEN), Task.owes_record.is_(True))),
        select(Attempt.id).join(Task, Task.id == Attempt.task_id).where(mine, Attempt.recorded.is_(False)),
        # an action in doubt has not ended, and so it has no record either
        select(ActionRow.id).join(Task, Task.id == ActionRow.task_id).where(mine, ActionRow.recorded.is_(False)),
        select(Delivery.number).where(Delivery.campaign_id == Campaign.id, owed),
        select(Delivery.number).join(Task, Task.id == Delivery.task_id).where(mine, owed),
        select(later.id).where(later.completes == Campaign.id),
    )
    over: list[ColumnElement[bool]] = [
        Campaign.outcome.is_not(None),
        Campaign.ended_at < before,
        or_(Campaign.complete_until.is_(None), Campaign.complete_until < before),
    ]
    return [*over, *(~one.correlate(Campaign).exists() for one in waits)]
