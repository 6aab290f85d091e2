"""The tables of holds and alerts."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Json, LongText, Name, Word


class Hold(Base):
    """Holds the tasks of a flow on one content after the same failure on several phones, until a person releases it.

    It reaches the tasks of simulated phones or those of real phones, never both.
    """

    __tablename__ = "holds"
    __table_args__ = (
        Index("ix_holds_flow", "flow", "released_at"),
        Index("uq_holds_in_force", "flow", "scope", "key", "sandbox", "own", "customer", "in_force", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    flow: Mapped[Name]
    scope: Mapped[Word]  # a HoldScope
    key: Mapped[Name]  # the author's id, the video's or the comment's key; empty for the whole flow
    sandbox: Mapped[bool] = mapped_column(default=False)  # simulated phones failed
    # what failed may lie in the parameters of those who asked: only their own tasks are held
    own: Mapped[bool] = mapped_column(default=False)
    customer: Mapped[Name] = mapped_column(default="")  # whose, if `own`; empty: the operator's
    what: Mapped[LongText]  # for people: whose video, which comment
    failure_code: Mapped[Word]
    reason: Mapped[LongText]
    remedy: Mapped[LongText]
    phones: Mapped[Json]  # the serials that failed alike
    since: Mapped[datetime]
    in_force: Mapped[bool | None]  # true, or null once released: the unique index allows one in force per content
    released_at: Mapped[datetime | None]
    released_by: Mapped[Name | None]


class Alert(Base):
    """A notice to people, with its remedy."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_at", "at"), Index("ix_alerts_subject", "subject", "at"))

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime]
    kind: Mapped[Word]  # one of models.notify.alerts.KINDS
    subject: Mapped[Name]  # e.g. phone:SIM0001, account:acc0001, task:<id>, hold:7, host:shelf1
    text: Mapped[LongText]
    remedy: Mapped[LongText]
    details: Mapped[Json | None]
    over_at: Mapped[datetime | None]  # when its cause ended; null while it lasts, or for kinds that do not end
    taken_by: Mapped[Name | None]  # the person who takes care of it
    taken_at: Mapped[datetime | None]
