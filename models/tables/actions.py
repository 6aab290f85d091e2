"""The table of actions: each irreversible act in the app, with its point of no return."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Key, LongText, Name, Word


class ActionRow(Base):
    """One irreversible act: declared before the tap, then done or not_done. While only declared, it is in doubt."""

    __tablename__ = "actions"
    __table_args__ = (
        Index("ix_actions_task", "task_id"),
        Index("ix_actions_account_day", "account_id", "day"),
        Index("ix_actions_day_account", "day", "account_id"),
        Index("ix_actions_video", "author_id", "video_key"),
        Index("ix_actions_comment", "comment_key"),
        Index("ix_actions_declared", "declared_at"),
        Index("ix_actions_recorded", "recorded", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    task_id: Mapped[Id]  # no foreign key: the caps count an action without an end, so it outlives its task
    attempt: Mapped[int]
    incarnation: Mapped[Id]
    phone_serial: Mapped[Name]
    account_id: Mapped[Name]
    sandbox: Mapped[bool] = mapped_column(default=False)  # of a sandbox task: it counts for no cap of real ones
    kind: Mapped[Word]
    author_id: Mapped[Name]
    # whole and exact: a later attempt compares them with the page to verify the action
    title: Mapped[LongText]
    target_commenter: Mapped[LongText]
    target_comment: Mapped[LongText]
    text: Mapped[LongText]
    # keys by which the caps count
    video_key: Mapped[Key]
    comment_key: Mapped[Key | None]
    basis: Mapped[Word]
    asked_by: Mapped[Name]
    day: Mapped[date] = mapped_column(Date())  # the operator's day
    declared_at: Mapped[datetime]
    outcome: Mapped[Word]  # an ActionOutcome
    ended_at: Mapped[datetime | None]
    verified: Mapped[bool]
    reason: Mapped[LongText | None]
    recorded: Mapped[bool] = mapped_column(default=False)  # the records have it: models/history/records/fill.py
