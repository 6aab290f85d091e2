"""Plants the scheduled campaigns that are due: one campaign for each due time, whoever plants, and however late."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.database.base import new_id
from models.database.clock import database_now
from models.notify.alerts import raise_alert
from models.tables import Campaign, CampaignSchedule, ScheduledCampaign
from models.transactions.read_write import read, write
from models.values.enums import ScheduledOutcome
from models.values.refused import Refused
from workers.campaigns.build import check_day, day_canvas
from workers.campaigns.due import Planned, come, not_planted, take_due
from workers.campaigns.given_campaign import GivenCampaign
from workers.planting.plant import LATEST_END, compile_for_planting, plant_campaign
from workers.planting.validate import LedgerFacts

BATCH_SIZE = 20  # that one round plants; the coordinator comes back for the rest
Clock = Callable[[Session], datetime]
STILL_OPEN = "the campaign before has not ended"
REFUSED_REMEDY = "correct the file, stop this schedule (`phonefleet schedules stop`) and submit the file again"


def plant_scheduled(engine: Engine, zone: ZoneInfo, clock: Clock = database_now) -> list[str]:
    """Plants the campaigns that are due, at most 20, each in a transaction of its own. Returns the ready tasks' ids.

    A schedule that is late gets one campaign, which tells how many due times it stands for. While its campaign before
    has not ended, a due time is skipped.
    """

    def due(session: Session) -> list[str]:
        mine = select(CampaignSchedule.id).where(
            CampaignSchedule.removed_at.is_(None), come(CampaignSchedule, clock(session))
        )
        return list(session.scalars(mine.order_by(CampaignSchedule.next_due).limit(BATCH_SIZE)))

    ready: list[str] = []
    for schedule_id in read(engine, due):
        ready += write(engine, lambda session, one=schedule_id: _plant(session, one, zone, clock(session)))  # type: ignore[misc]
    return ready


def _plant(session: Session, schedule_id: str, zone: ZoneInfo, now: datetime) -> list[str]:
    mine = CampaignSchedule.id == schedule_id
    planned = list(take_due(session, CampaignSchedule, zone, now, mine, most=1))
    ready: list[str] = []
    for one in not_planted(session, ScheduledCampaign.schedule_id, ScheduledCampaign.due, planned):
        came = ScheduledCampaign(schedule_id=one.row.id, due=one.due.at, planted_at=now, missed=one.due.missed)
        if _still_open(session, schedule_id):
            came.outcome, came.reason = ScheduledOutcome.SKIPPED, STILL_OPEN
        else:
            try:
                came.campaign_id, ready = _plant_day(session, one)
                came.outcome, one.row.refused = ScheduledOutcome.PLANTED, 0
            except Refused as refused:  # before the first row
                came.outcome, came.reason = ScheduledOutcome.REFUSED, str(refused)
                _tell(session, one, refused, now)
        session.add(came)
    return ready


def _still_open(session: Session, schedule_id: str) -> bool:
    before = select(Campaign.id).join(ScheduledCampaign, ScheduledCampaign.campaign_id == Campaign.id)
    return (
        session.scalars(before.where(ScheduledCampaign.schedule_id == schedule_id, Campaign.outcome.is_(None))).first()
        is not None
    )


def _plant_day(session: Session, one: Planned[CampaignSchedule]) -> tuple[str, list[str]]:
    """Checks the file as the ledger stands now, and plants it. Raises Refused."""
    checked = check_day(session, GivenCampaign(one.row.file), LedgerFacts(session, sandbox=False))
    campaign = Campaign(
        id=new_id(),
        name=one.row.name,
        asked_by=one.row.created_by,
        asked_for=one.row.file,
        join="all",
        seed=seed_of(checked.day.seed, one.due.at),
        complete_until=checked.complete_until,
        quotas=checked.day.own_quotas,
    )
    return campaign.id, plant_campaign(session, campaign, compile_for_planting(day_canvas(checked), "all"), LATEST_END)


def seed_of(seed: int | None, due: datetime) -> int:
    """Returns the seed of one due time: another one each time, and the same again for the file's own seed."""
    if seed is None:
        return random.SystemRandom().getrandbits(31)
    digest = hashlib.sha256(f"{seed} {due.isoformat()}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def _tell(session: Session, one: Planned[CampaignSchedule], refused: Refused, now: datetime) -> None:
    """Tells people of the first of several due times in a row."""
    one.row.refused += 1
    if one.row.refused == 1:
        text = f"{one.row.name} could not be planted: {refused}"
        raise_alert(session, "schedule_refused", f"schedule:{one.row.id}", text, REFUSED_REMEDY, now)
