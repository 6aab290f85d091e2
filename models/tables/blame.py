"""Holds and alerts: what failures of many phones said, and what people are told."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import MYSQL_BINARY_TEXT, Base, Json, LongText, Name, Word


class Hold(Base):
    """The same failure on several phones: tasks of this flow on this content are held until a person released it."""

    __tablename__ = "holds"
    __table_args__ = (
        Index("ix_holds_flow", "flow", "released_at"),
        Index("uq_holds_in_force", "flow", "scope", "key", "in_force", unique=True),
        MYSQL_BINARY_TEXT,
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    flow: Mapped[Name]
    scope: Mapped[Word]  # a HoldScope
    key: Mapped[Name]  # the author's id, the video's or the comment's key; empty for the whole flow
    what: Mapped[LongText]  # for people: whose video, which comment
    failure_code: Mapped[Word]
    reason: Mapped[LongText]
    remedy: Mapped[LongText]
    phones: Mapped[Json]  # the serials that failed alike
    since: Mapped[datetime]
    in_force: Mapped[bool | None]  # true, or null once it was released: one at a time on the same thing
    released_at: Mapped[datetime | None]
    released_by: Mapped[Name | None]


class Alert(Base):
    """Something that a person should know: told once, with what to do."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_at", "at"), Index("ix_alerts_subject", "subject", "at"), MYSQL_BINARY_TEXT)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime]
    kind: Mapped[Word]  # one of models.notify.alerts.KINDS
    subject: Mapped[Name]  # e.g. phone:SIM0001, account:acc0001, task:<id>, hold:7, host:shelf1
    text: Mapped[LongText]
    remedy: Mapped[LongText]
    details: Mapped[Json | None]
    over_at: Mapped[datetime | None]  # when it ended by itself; null while it lasts, or where nothing ends it
