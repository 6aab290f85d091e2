"""The bounds on how much is planted: tasks of one campaign, and tasks of a key that have not ended."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.tables import ApiKey, Campaign
from models.tasks.open_tasks import open_tasks
from models.values.refused import Problem, Refused
from workers.settings import settings


class TooManyWaiting(Refused):
    """What is to be planted goes beyond one of the bounds."""


def check_campaign_size(before: int, more: int) -> None:
    """Raises TooManyWaiting when a campaign of `before` tasks may not have so many more."""
    most = settings().most_tasks
    if before + more > most:
        reason = f"the campaign would have {before + more} tasks, and may have {most}"
        remedy = "plan the work as several campaigns, or have the operator raise PHONEFLEET_MOST_TASKS"
        raise TooManyWaiting([Problem("tasks", reason, remedy)])


def check_key_quota(session: Session, campaign: Campaign, more: int) -> None:
    """Raises TooManyWaiting when the campaign's key may not have so many more tasks. The operator has no such bound."""
    key = None if campaign.key_id is None else session.get(ApiKey, campaign.key_id)
    if key is None:
        return
    count = open_tasks(session, key.id)
    if count + more > key.most_waiting:
        reason = (
            f"{count} tasks of the key have not ended, {more} more would be over the {key.most_waiting} it may have"
        )
        remedy = "ask for less at once, or have the operator allow the key more: phonefleet keys limits"
        raise TooManyWaiting([Problem("tasks", reason, remedy)])
