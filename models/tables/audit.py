"""The table of the audit log."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Json, LongText, Name


class AuditEntry(Base):
    """One change that a person made, such as of a basis, a cap, a pause or a stop: the values before and after."""

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_subject", "subject", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    who: Mapped[Name]
    subject: Mapped[Name]  # e.g. author:xiaopeng, cap:actions_per_account_day
    before: Mapped[Json | None]
    after: Mapped[Json | None]
    reason: Mapped[LongText | None]  # as its author gave it in the console
