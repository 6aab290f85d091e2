"""The tables of alert channels: where people are told of alerts, and which alerts they are told."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class AlertChannel(Base):
    """A group robot or mail addresses that are told of alerts, each alert once."""

    __tablename__ = "alert_channels"
    __table_args__ = (Index("ix_alert_channels_due", "removed_at", "not_before"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]  # one that is in force has it alone
    kind: Mapped[Word]  # a ChannelKind
    sealed: Mapped[LongText]  # its address and its secret, encrypted under the master key
    kinds: Mapped[Json | None]  # the kinds of alerts that it is told; null: all
    every: Mapped[int]  # seconds between two messages, at least
    quiet_from: Mapped[Word | None]  # 22:00, in the operator's zone: nothing is sent from then on …
    quiet_to: Mapped[Word | None]  # … until then
    not_before: Mapped[datetime]
    claimed_by: Mapped[Id | None]
    claimed_until: Mapped[datetime | None]
    failures: Mapped[int]  # in a row
    last_error: Mapped[LongText | None]
    last_told_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    removed_at: Mapped[datetime | None]


class AlertNotice(Base):
    """An alert of which a channel is to be told, or was."""

    __tablename__ = "alert_notices"
    __table_args__ = (
        Index("uq_alert_notices", "channel_id", "alert_id", unique=True),
        Index("ix_alert_notices_owed", "channel_id", "told_at", "id"),
        Index("ix_alert_notices_at", "at"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    channel_id: Mapped[Id]
    alert_id: Mapped[int] = mapped_column(BigInteger())
    at: Mapped[datetime]  # of the alert
    told_at: Mapped[datetime | None]
