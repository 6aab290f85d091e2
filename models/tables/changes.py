"""The table of state changes: every move of customers' tasks and campaigns, in order."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Name, Word


class StateChange(Base):
    """One move, written in the transaction that makes it. Customers see it once it has its position."""

    __tablename__ = "state_changes"
    __table_args__ = (
        Index("uq_state_changes_position", "key_id", "position", unique=True),
        Index("ix_state_changes_unnumbered", "position", "id"),
        Index("ix_state_changes_at", "at"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    key_id: Mapped[Word]
    position: Mapped[int | None] = mapped_column(BigInteger())  # 1, 2, 3, … for each key, without a gap
    kind: Mapped[Word]  # task | campaign
    subject_id: Mapped[Id]
    campaign_id: Mapped[Id]
    reference: Mapped[Name | None]
    state: Mapped[Word]
    failure_code: Mapped[Word | None]
    at: Mapped[datetime]
