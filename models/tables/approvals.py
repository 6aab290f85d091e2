"""The table of approvals: a named person lets one task do its one act on one comment, from one account."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Key, LongText, Name, Word


class Approval(Base):
    """One approval. It holds until it expires, is withdrawn, or an act used it that may have happened."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_task", "task_id", "id"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    task_id: Mapped[Id]  # no foreign key: as the action that used it, it outlives its task
    sandbox: Mapped[bool]
    # what was approved; the comment by its key, so that no copy of what a person wrote stays here
    kind: Mapped[Word]  # of the action
    comment_key: Mapped[Key]
    account_id: Mapped[Name]
    text: Mapped[LongText]  # the reason of a report; empty otherwise
    approved_by: Mapped[Name]
    why: Mapped[LongText]
    approved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"))  # an action's id
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[Name | None]
    withdrawn_why: Mapped[LongText | None]
