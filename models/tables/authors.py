"""The tables of authors with their basis, of the caps, and of the audit log."""

from datetime import date, datetime

from sqlalchemy import Date, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import MYSQL_BINARY_TEXT, Base, Json, LongText, Name, Word


class Author(Base):
    """An author of videos, and the basis for acting on them."""

    __tablename__ = "authors"
    __table_args__ = MYSQL_BINARY_TEXT

    id: Mapped[Name] = mapped_column(primary_key=True)  # 视频号ID
    name: Mapped[Name]
    basis: Mapped[Word]  # a BasisKind
    basis_note: Mapped[LongText | None]
    basis_expires: Mapped[date | None] = mapped_column(Date())
    created_at: Mapped[datetime]


class CapValue(Base):
    """A cap that differs from its default."""

    __tablename__ = "caps"
    __table_args__ = MYSQL_BINARY_TEXT

    name: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[int]


class AuditEntry(Base):
    """One change that a person made, such as of a basis, a cap, a pause or a stop: the values before and after."""

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_subject", "subject", "at"), MYSQL_BINARY_TEXT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    who: Mapped[Name]
    subject: Mapped[Name]  # e.g. author:xiaopeng, cap:actions_per_account_day
    before: Mapped[Json | None]
    after: Mapped[Json | None]
