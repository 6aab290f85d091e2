"""The table of the moments at which pauses end by themselves."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Name


class PauseEnd(Base):
    """When the pause of a subject, such as phone:SIM0001, ends by itself. A pause without a row lasts until resumed."""

    __tablename__ = "pause_ends"
    __table_args__ = (Index("ix_pause_ends_until", "ends_at"),)

    subject: Mapped[Name] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
