"""The tables of scheduled campaigns: a campaign file with its times, and each due time that came."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class CampaignSchedule(Base):
    """A campaign file that is planted again and again, until a person stops it."""

    __tablename__ = "campaign_schedules"
    __table_args__ = (Index("ix_campaign_schedules_next_due", "removed_at", "next_due"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]  # the campaign's; one that is in force has it alone
    file: Mapped[Json]  # its content, as it was checked, with its variables filled in
    # when it is planted: every so many minutes, or at the times of a cron line in the operator's zone
    every: Mapped[int | None]
    cron: Mapped[Name | None]
    last_due: Mapped[datetime]
    next_due: Mapped[datetime]  # with its jitter
    refused: Mapped[int] = mapped_column(default=0)  # due times in a row at which it could not be planted
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    removed_at: Mapped[datetime | None]


class ScheduledCampaign(Base):
    """One due time that came, and its campaign. A due time has one, whoever plants it."""

    __tablename__ = "scheduled_campaigns"
    __table_args__ = (
        Index("uq_scheduled_campaigns_due", "schedule_id", "due", unique=True),
        Index("ix_scheduled_campaigns_campaign", "campaign_id"),
        Index("ix_scheduled_campaigns_due", "due"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    schedule_id: Mapped[Id]
    due: Mapped[datetime]  # without jitter
    planted_at: Mapped[datetime]
    missed: Mapped[int]  # earlier due times that passed unplanted, which this one stands for
    campaign_id: Mapped[Id | None]
    outcome: Mapped[Word]  # a ScheduledOutcome
    reason: Mapped[LongText | None]
