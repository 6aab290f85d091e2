"""The tables of flow versions: where each version of a packaged flow stands, and the runs of those on trial."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class FlowVersion(Base):
    """A version of a packaged flow that the fleet has, or had."""

    __tablename__ = "flow_versions"

    flow: Mapped[Name] = mapped_column(primary_key=True)
    version: Mapped[Word] = mapped_column(primary_key=True)
    state: Mapped[Word]  # a FlowVersionState
    since: Mapped[datetime]
    why: Mapped[LongText | None]
    phones: Mapped[Json | None]  # of its trial: one or two serials
    tried_at: Mapped[datetime | None]  # when its latest trial began
    given: Mapped[int] = mapped_column(default=0)  # tasks that its trial was given


class FlowTrialRun(Base):
    """One attempt under a version on trial that has ended. Rows from before the trial's begin count for nothing."""

    __tablename__ = "flow_trial_runs"
    __table_args__ = (Index("ix_flow_trial_runs_version", "flow", "version", "id"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    flow: Mapped[Name]
    version: Mapped[Word]
    task_id: Mapped[Id]
    attempt: Mapped[int]
    phone_serial: Mapped[Name | None]
    outcome: Mapped[Word]  # a TrialOutcome
    failure_code: Mapped[Word | None]
    at: Mapped[datetime]
