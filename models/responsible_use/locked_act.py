"""Locks what an action needs before its point of no return: its author, its account, its campaign and its task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, bindparam, select
from sqlalchemy.orm import Session

from models.database.clock import row_moment
from models.responsible_use.quotas import OfCampaign, lock_quotas, quotas_of_task
from models.tables import Account, Author, Campaign, Task
from models.tasks.fence import Fence, check_fence, held


def _of_its_campaign(column: Any) -> ScalarSelect[Any]:
    """Returns a column of the task's campaign, whose row is not locked."""
    return select(column).where(Campaign.id == Task.campaign_id).correlate(Task).scalar_subquery()


# All are found by constants, and so are locked in this order; tests/models/responsible_use/test_locked_act.py looks.
_ACCOUNT = Account.id == bindparam("account_id")
_TASK = (Task.id == bindparam("task_id")) & (Task.account_id == Account.id)
_LOCKED = (
    select(
        Author,
        Task,
        row_moment(),
        _of_its_campaign(Campaign.completes),
        _of_its_campaign(Campaign.quotas),
        _of_its_campaign(Campaign.asked_by),
    )
    .select_from(Author)
    .join(Account, _ACCOUNT)
    .join(Task, _TASK)
    .where(Author.id == bindparam("author_id"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class LockedAct:
    """The locked rows, and the ledger's time then. `author`: None for one that is not registered."""

    author: Author | None
    campaign: OfCampaign | None
    task: Task
    now: datetime


def lock_for_act(session: Session, fence: Fence, author_id: str, account_id: str, *, has_quotas: bool) -> LockedAct:
    """Locks author, account, the campaign if it has quotas, and the task, in this order. Raises LeaseLost.

    `has_quotas`: whether the campaign may have some, as far as the caller knows. Without them, and with a registered
    author, one statement locks all.
    """
    if not has_quotas:
        asked = {"author_id": author_id, "account_id": account_id, "task_id": fence.task_id}
        row = session.execute(_LOCKED, asked).one_or_none()
        if row is not None:
            author, task, moment, completes, quotas, asked_by = row
            task, now = held(fence, task, moment)
            campaign = OfCampaign(completes or task.campaign_id, quotas or {}, asked_by)
            lock_quotas(session, campaign)  # none as a rule
            return LockedAct(author, campaign, task, now)
    author = session.get(Author, author_id, with_for_update=True)  # the session has it now: it is not read again
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    its_campaign = quotas_of_task(session, fence.task_id, lock=True)
    return LockedAct(author, its_campaign, *check_fence(session, fence))
