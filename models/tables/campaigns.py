"""The table of campaigns: planted canvases."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class Campaign(Base):
    """A planted canvas: its request, who asked for it, and the expression of its result."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index("ix_campaigns_created", "created_at"),
        Index("ix_campaigns_outcome", "outcome"),
        Index("ix_campaigns_control", "control"),
        # for customers' lists: gateway/api/pages.py
        Index("ix_campaigns_key", "key_id", "created_at", "id"),
        Index("ix_campaigns_key_outcome", "key_id", "outcome", "created_at", "id"),
        # a customer's own reference names one request: the same request again gets the same campaign
        Index("uq_campaigns_key_reference", "key_id", "reference", unique=True),
        Index("ix_campaigns_completes", "completes"),
        Index("ix_campaigns_complete_until", "complete_until"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    asked_by: Mapped[Name]
    asked_for: Mapped[Json | None]  # the campaign file's content, as it was checked
    root: Mapped[Json | None]  # the result of the canvas, as an expression over tasks
    # how the groups join that its tasks plant in their places: all | settled
    join: Mapped[Word] = mapped_column(default="all")
    seed: Mapped[int]
    paused: Mapped[bool] = mapped_column(default=False)  # tasks that it plants while paused are held as well
    # the CampaignControl that was asked for and is not carried out yet; null: its tasks stand as they should
    control: Mapped[Word | None]
    stop_reason: Mapped[LongText | None]  # who stopped it, and why; null: nobody did
    # of a customer's campaign: its key, its own reference, the digest of its request, and the callback address
    key_id: Mapped[Word | None]
    reference: Mapped[Name | None]
    request_digest: Mapped[Word | None]
    callback_url: Mapped[LongText | None]
    sandbox: Mapped[bool] = mapped_column(default=False)  # its tasks run on simulated phones only
    completes: Mapped[Id | None]  # the campaign whose missing work this one does
    complete_until: Mapped[datetime | None]  # until then the coordinator plants what it is missing
    quotas: Mapped[Json | None]  # its own most actions, by name: models/responsible_use/quotas.py
    # of parameters and results that the ledger keeps for it: workers/lifecycle/stored_bytes.py
    stored_bytes: Mapped[int] = mapped_column(BigInteger(), default=0)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # null until every task ended; then the CampaignState in which it ended
    outcome: Mapped[Word | None]
