"""The table of the leading coordinator."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Word


class Leader(Base):
    """The leading coordinator; it leads until its lease runs out."""

    __tablename__ = "leaders"

    role: Mapped[Word] = mapped_column(primary_key=True)
    incarnation: Mapped[Id]
    until: Mapped[datetime]
