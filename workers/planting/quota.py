"""The bounds on how much is planted: tasks of one campaign, and tasks of a key that have not ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models import tables
from models.tables import Campaign
from models.tasks.open_tasks import OpenTasks, open_count, open_tasks
from models.values.refused import Problem, Refused
from workers.canvas.rows import PlantedRow
from workers.lifecycle.stored_bytes import count_for_campaign, count_for_key, json_size, over_campaign
from workers.planting.pins import count_pinned
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


def check_bytes(session: Session, campaign: Campaign, size: int, now: datetime) -> None:
    """Counts the bytes that are planted in a campaign that is there. Raises TooManyWaiting when they are too many."""
    over = count_for_campaign(session, campaign.id, campaign.key_id, size, now)
    if over is not None:
        raise TooManyWaiting([over])


def admit_bytes(session: Session, campaign: Campaign, size: int, now: datetime) -> None:
    """Counts the bytes of a campaign that is not there yet. Raises TooManyWaiting when they are too many.

    The request is kept as well, and may hold what no task has: those of the two that are more count for the key.
    """
    kept = size if campaign.key_id is None else max(size, json_size(campaign.asked_for))
    over = over_campaign(size) or count_for_key(session, campaign.key_id, kept, now)
    if over is not None:
        raise TooManyWaiting([over])
    campaign.stored_bytes = size


def key_of(session: Session, campaign: Campaign) -> tables.ApiKey | None:
    """Returns the key of a campaign; None for the operator's."""
    return None if campaign.key_id is None else session.get(tables.ApiKey, campaign.key_id)


def check_key_quota(session: Session, campaign: Campaign, rows: Sequence[PlantedRow]) -> None:
    """Raises TooManyWaiting when the campaign's key may not have these tasks too. The operator has no such bound."""
    key = key_of(session, campaign)
    if key is None:
        return
    more = OpenTasks(len(rows), count_pinned(rows))
    now = open_tasks(session, key.id) if more.pinned else OpenTasks(open_count(session, key.id))
    over = over_quota(now, more, key.most_waiting)
    if over is not None:
        raise TooManyWaiting([Problem("tasks", over, f"{AT_ONCE}, or have the operator allow the key more: {LIMITS}")])


AT_ONCE, LIMITS = "ask for less at once", "phonefleet keys limits"


def most_pinned(most_waiting: int) -> int:
    """Returns how many open tasks of a key may name an account or a phone: half of all, so that others get there."""
    return max(1, most_waiting // 2)


def over_quota(now: OpenTasks, more: OpenTasks, most: int, key: str = "the key") -> str | None:
    """Returns the reason why a key with these open tasks may not have those too; None if it may."""
    if now.tasks + more.tasks > most:
        return f"{now.tasks} tasks of {key} have not ended, {more.tasks} more would be over the {most} it may have"
    pinned = most_pinned(most)
    if more.pinned and now.pinned + more.pinned > pinned:
        told = f"{now.pinned} open tasks of {key} name an account or a phone, {more.pinned} more would be over"
        return f"{told} the {pinned} that may: half of the {most} it may have"
    return None
