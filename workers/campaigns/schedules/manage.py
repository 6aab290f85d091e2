"""Adds, lists and stops scheduled campaigns. Every change is in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.history.audit_log import record_change
from models.tables import CampaignSchedule, ScheduledCampaign
from models.values.refused import refuse

if TYPE_CHECKING:
    from workers.campaigns.given_campaign import GivenCampaign

MOST_SCHEDULES = 200  # in force


def add_schedule(session: Session, given: GivenCampaign, who: str, zone: ZoneInfo) -> CampaignSchedule:
    """Checks a campaign file with a schedule and keeps it; it is planted at its next due time. Raises Refused."""
    # here, because commands that list need no pydantic
    from workers.campaigns.build import check_day, refuse_callback  # noqa: PLC0415
    from workers.campaigns.due import schedule_of  # noqa: PLC0415
    from workers.planting.validate import LedgerFacts  # noqa: PLC0415

    day = check_day(session, given, LedgerFacts(session, sandbox=False)).day
    refuse_callback(given, day)
    if day.schedule is None:
        raise refuse("schedule", "the file has none", "add one, such as every: 60, or plant it once")
    in_force = select(func.count()).select_from(CampaignSchedule).where(CampaignSchedule.removed_at.is_(None))
    number = session.scalar(in_force) or 0
    if number >= MOST_SCHEDULES:
        raise refuse("schedule", f"{number} schedules are in force", f"stop some: {MOST_SCHEDULES} may be")
    if session.scalar(in_force.where(CampaignSchedule.name == day.campaign)):
        remedy = f"give another name, or stop that one first: phonefleet schedules stop {day.campaign}"
        raise refuse("campaign", f"a schedule {day.campaign!r} is in force", remedy)
    now = database_now(session)
    made = CampaignSchedule(
        id=str(uuid4()),
        name=day.campaign,
        file=day.model_dump(mode="json"),
        every=day.schedule.every,
        cron=day.schedule.cron,
        last_due=now,
        created_at=now,
        created_by=who,
    )
    times = schedule_of(made, zone)
    made.next_due = times.next(now) + times.jitter
    session.add(made)
    session.flush()
    record_change(
        session, who, f"schedule:{made.id}", None, {"name": made.name, "every": made.every, "cron": made.cron}
    )
    return made


def list_schedules(session: Session) -> Sequence[CampaignSchedule]:
    """Returns the schedules in force, those that are due first."""
    mine = select(CampaignSchedule).where(CampaignSchedule.removed_at.is_(None))
    return session.scalars(mine.order_by(CampaignSchedule.next_due, CampaignSchedule.id)).all()


def schedule_named(session: Session, name: str, *, lock: bool = False) -> CampaignSchedule:
    """Returns the schedule in force with this name or id. Raises Refused."""
    mine = select(CampaignSchedule).where(CampaignSchedule.removed_at.is_(None))
    wanted = mine.where(or_(CampaignSchedule.id == name, CampaignSchedule.name == name))
    found = session.scalars(wanted.with_for_update() if lock else wanted).first()
    if found is None:
        raise refuse("schedule", f"there is no schedule {name!r}", "see the list: phonefleet schedules list")
    return found


def latest_of(session: Session, schedule_id: str, most: int = 20) -> Sequence[ScheduledCampaign]:
    """Returns the latest due times that came, the latest first."""
    mine = select(ScheduledCampaign).where(ScheduledCampaign.schedule_id == schedule_id)
    return session.scalars(mine.order_by(ScheduledCampaign.due.desc()).limit(most)).all()


def stop_schedule(session: Session, name: str, who: str) -> CampaignSchedule:
    """Stops a schedule: it plants nothing more. A campaign that was planted goes on."""
    found = schedule_named(session, name, lock=True)
    record_change(session, who, f"schedule:{found.id}", {"name": found.name}, None)
    found.removed_at = database_now(session)
    return found


def make_up_for_nothing(session: Session, zone: ZoneInfo) -> int:
    """Lets every schedule in force begin anew: due times until now are not made up for. Returns their number."""
    from workers.campaigns.due import schedule_of  # noqa: PLC0415 - as above

    now, found = database_now(session), list_schedules(session)
    for one in found:
        times = schedule_of(one, zone)
        one.last_due, one.next_due = now, times.next(now) + times.jitter
    return len(found)
