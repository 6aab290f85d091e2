"""Campaigns: planted canvases."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import MYSQL_BINARY_TEXT, Base, Id, Json, LongText, Name, Word


class Campaign(Base):
    """A planted canvas: what was asked for, by whom, and the expression of its result."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index("ix_campaigns_created", "created_at"),
        Index("ix_campaigns_outcome", "outcome"),
        # of the lists of customers: gateway/api/pages.py
        Index("ix_campaigns_key", "key_id", "created_at", "id"),
        Index("ix_campaigns_key_outcome", "key_id", "outcome", "created_at", "id"),
        # a key's own id stands for one request: the same one again gives the same campaign
        Index("uq_campaigns_key_reference", "key_id", "reference", unique=True),
        MYSQL_BINARY_TEXT,
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]
    asked_by: Mapped[Name]
    asked_for: Mapped[Json | None]  # the campaign file's content, as it was checked
    root: Mapped[Json | None]  # the result of the canvas, as an expression over tasks
    # how the groups join that its tasks put in their places: all | settled
    join: Mapped[Word] = mapped_column(default="all")
    seed: Mapped[int]
    paused: Mapped[bool] = mapped_column(default=False)  # what it plants while it is paused is held as well
    # of a customer's: its key, its own id and the digest of what it asked, and where it is called back
    key_id: Mapped[Word | None]
    reference: Mapped[Name | None]
    request_digest: Mapped[Word | None]
    callback_url: Mapped[LongText | None]
    sandbox: Mapped[bool] = mapped_column(default=False)  # its tasks run on simulated phones only
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # null until every task ended; then the CampaignState in which it ended
    outcome: Mapped[Word | None]
