"""The table of requests about tasks, each with all that was planted in its place, that are not carried out yet."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, LongText, Word


class TaskRequest(Base):
    """A pause, a resumption or a new priority of a task with many in its place, or of all tasks of a campaign.

    The coordinator carries them out in the order of their ids, and deletes each row then.
    """

    __tablename__ = "task_requests"
    __table_args__ = (Index("ix_task_requests_campaign", "campaign_id", "id"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    campaign_id: Mapped[Id]
    task_id: Mapped[Id | None]  # null: all tasks of the campaign
    kind: Mapped[Word]  # a TaskRequestKind
    priority: Mapped[int | None]  # the new one
    why: Mapped[LongText | None]  # of a pause: who paused it and why, for people
    asked_at: Mapped[datetime]
