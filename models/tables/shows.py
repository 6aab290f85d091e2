"""The table of what phones show when people ask: their number, so that they are found on the shelf."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, LongText, Name


class PhoneShow(Base):
    """A phone that was asked to show its number, and what came of it."""

    __tablename__ = "phone_shows"

    serial: Mapped[Name] = mapped_column(primary_key=True)
    asked_until: Mapped[datetime | None]  # it shows its number between two tasks until then; null: it did, or will not
    shown_at: Mapped[datetime | None]
    why_not: Mapped[LongText | None]  # why nobody could see the number
