"""A ledger with a scheduled campaign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, update

from models.tables import Campaign, CampaignSchedule, ScheduledCampaign
from models.transactions.read_write import read, write
from workers.campaigns.given_campaign import GivenCampaign
from workers.campaigns.schedules.manage import add_schedule
from workers.campaigns.schedules.plant_scheduled import plant_scheduled

ZONE = ZoneInfo("Asia/Shanghai")
FILE: dict[str, Any] = {
    "campaign": "标准日",
    "accounts": ["acc1"],
    "collect": {"authors": ["xiaopeng"], "videos": 2, "comments": 5},
    "schedule": {"every": 10},
}


def add(engine: Engine, file: Mapping[str, Any]) -> CampaignSchedule:
    """Keep a file with a schedule; its row."""
    return write(engine, lambda session: add_schedule(session, GivenCampaign(file), "li", ZONE))


def plant(engine: Engine, at: datetime) -> list[str]:
    """Plant what is due at a moment; the ids of the tasks that are ready."""
    return plant_scheduled(engine, ZONE, lambda _: at)


def row(engine: Engine, schedule: CampaignSchedule) -> CampaignSchedule:
    """A schedule as it is now."""
    return read(engine, lambda session: session.get_one(CampaignSchedule, schedule.id))


def came(engine: Engine) -> list[ScheduledCampaign]:
    """The due times that came, in their order."""
    wanted = select(ScheduledCampaign).order_by(ScheduledCampaign.due)
    return read(engine, lambda session: list(session.scalars(wanted)))


def end_all(engine: Engine) -> None:
    """End every campaign."""
    ended = update(Campaign).values(outcome="succeeded", ended_at=datetime.now(UTC))
    write(engine, lambda session: session.execute(ended))
