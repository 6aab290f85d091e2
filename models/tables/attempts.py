"""The tables of attempts, and of writes that came too late."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word
from models.tables.tasks import Task


class Attempt(Base):
    """One attempt at a task: its phone, its times, its incarnation and its outcome."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("task_id", "number", name="uq_attempts_task_number"),
        Index("ix_attempts_phone", "phone_serial", "started_at"),
        Index("ix_attempts_account", "account_id", "started_at"),
        Index("ix_attempts_failure", "failure_code", "ended_at"),
        Index("ix_attempts_recorded", "recorded", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    task_id: Mapped[Id] = mapped_column(ForeignKey(Task.id))
    number: Mapped[int]
    incarnation: Mapped[Id]
    phone_serial: Mapped[Name | None]
    account_id: Mapped[Name | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # null while it runs; then an AttemptOutcome
    outcome: Mapped[Word | None]
    failure_code: Mapped[Word | None]
    failure_kind: Mapped[Word | None]
    culprit: Mapped[Word | None]
    step: Mapped[Word | None]
    reason: Mapped[LongText | None]
    details: Mapped[Json | None]  # numbers that the flow had counted until it failed
    evidence: Mapped[Json | None]
    steps: Mapped[Json | None]  # its steps with their times: workers/attempts/step_times.py
    recorded: Mapped[bool] = mapped_column(default=False)  # the records have it: models/history/records/fill.py


class RefusedWrite(Base):
    """A write that was refused, because its worker no longer held the lease."""

    __tablename__ = "refused_writes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    task_id: Mapped[Id]
    attempt: Mapped[int]
    incarnation: Mapped[Id]
    what: Mapped[Word]
    at: Mapped[datetime]
