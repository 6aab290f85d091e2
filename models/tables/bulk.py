"""The tables of acts on many: what a person chose by a filter, frozen, and what became of each of them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class BulkAct(Base):
    """One act on many rows of one kind: who asked, why, and how far it is."""

    __tablename__ = "bulk_acts"
    __table_args__ = (Index("ix_bulk_acts_state", "state", "created_at"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[Word]  # of its rows: phones, tasks, failures or deliveries
    filter: Mapped[Json]  # by which they were chosen, for people
    asked_by: Mapped[Name]
    act: Mapped[Word | None]  # none until a person said what
    given: Mapped[Json | None]  # what the act needs, such as a priority
    reason: Mapped[LongText | None]
    state: Mapped[Word]  # a BulkState
    rows: Mapped[int]
    created_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BulkRow(Base):
    """One row of an act on many."""

    __tablename__ = "bulk_rows"
    __table_args__ = (Index("ix_bulk_rows_state", "bulk_id", "state", "position"),)

    bulk_id: Mapped[Id] = mapped_column(ForeignKey("bulk_acts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[Name]  # its id
    told: Mapped[LongText]  # for people
    given: Mapped[Json | None]  # what was frozen with it
    state: Mapped[Word]  # a BulkRowState
    result: Mapped[LongText | None]
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
