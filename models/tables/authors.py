"""The tables of authors with their basis, and of the caps."""

from datetime import date, datetime

from sqlalchemy import Date
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, LongText, Name, Word


class Author(Base):
    """An author of videos, and the basis for acting on them."""

    __tablename__ = "authors"

    id: Mapped[Name] = mapped_column(primary_key=True)  # 视频号ID
    name: Mapped[Name]
    basis: Mapped[Word]  # a BasisKind
    basis_note: Mapped[LongText | None]
    basis_expires: Mapped[date | None] = mapped_column(Date())
    created_at: Mapped[datetime]


class CapValue(Base):
    """A cap that differs from its default."""

    __tablename__ = "caps"

    name: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[int]
