"""The table of exports: workbooks that were asked for, and how far they are."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class Export(Base):
    """A workbook: who asked for which tasks, how far it is, and its file."""

    __tablename__ = "exports"
    __table_args__ = (
        Index("ix_exports_state", "state", "created_at"),
        Index("ix_exports_key", "key_id", "created_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    asked_by: Mapped[Name]
    key_id: Mapped[Word | None]  # of a customer's export
    asked: Mapped[Json]  # the filters, frozen: an ExportAsked, with the keys whose tasks it may hold
    cut_at: Mapped[datetime]  # it holds what had ended by then
    background: Mapped[bool]  # a process of the gateway makes it; else the command that asked for it
    state: Mapped[Word]  # an ExportState
    tasks_done: Mapped[int] = mapped_column(BigInteger())  # looked at
    tasks_total: Mapped[int | None] = mapped_column(BigInteger())
    tries: Mapped[int]  # that began
    worker: Mapped[Id | None]  # the process that makes it, until `lease_until`
    lease_until: Mapped[datetime | None]
    file: Mapped[Name | None]  # its name in the export's folder
    rows: Mapped[int | None] = mapped_column(BigInteger())
    bytes: Mapped[int | None] = mapped_column(BigInteger())
    sha256: Mapped[Word | None]
    reason: Mapped[LongText | None]  # why it failed
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
