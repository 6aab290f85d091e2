"""Campaign control: what a campaign's row asks of all its tasks, until the coordinator has told each of them.

A stop or a pause writes one row. Until each task has its own flag, the ring, the claim and the hosts look at that row.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, or_, select
from sqlalchemy.orm import Session

from models.tables import Campaign, Task
from models.values.enums import CampaignControl

ENDS_WORK = (CampaignControl.STOP, CampaignControl.PAUSE)
BARS_WORK = (*ENDS_WORK, CampaignControl.TASKS)  # for moments also of tasks that none of the requests is about


def may_begin() -> ColumnElement[bool]:
    """Returns the condition for a task whose campaign is not being stopped or paused, in whole or in parts.

    A task with an action in doubt may begin all the same: that action must be verified first.
    """
    stopping = select(Campaign.id).where(Campaign.control.in_(BARS_WORK))
    return or_(Task.verifying, Task.campaign_id.not_in(stopping))


def control_of_its_campaign() -> ScalarSelect[str | None]:
    """Returns the control of a task's campaign as a column, without a lock on the campaign's row."""
    return select(Campaign.control).where(Campaign.id == Task.campaign_id).correlate(Task).scalar_subquery()


def heed_campaign(session: Session, task: Task) -> None:
    """Writes into a task's row what was asked of its campaign and has not reached the task yet.

    The caller has locked the task's row.
    """
    asked = select(Campaign.control, Campaign.stop_reason).where(Campaign.id == task.campaign_id)
    control, reason = session.execute(asked).one()
    if control == CampaignControl.STOP:
        task.stop_requested, task.reason = True, reason
    elif control == CampaignControl.PAUSE:
        task.paused = True
