"""Campaigns: planted canvases."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL_BINARY_TEXT, Base, Id, Json, Name, Word


class Campaign(Base):
    """A planted canvas: what was asked for, by whom, and the expression of its result."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index("ix_campaigns_created", "created_at"),
        Index("ix_campaigns_outcome", "outcome"),
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
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # null until every task ended; then succeeded | failed | stopped
    outcome: Mapped[Word | None]
