"""The tables of the console's users, their sessions, and the filters that they saved."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Json, LongText, Name, Word


class User(Base):
    """A person who may log in to the console."""

    __tablename__ = "users"

    name: Mapped[Name] = mapped_column(primary_key=True)
    role: Mapped[Word]  # a Role
    password_hash: Mapped[LongText]  # of argon2id, with its salt and parameters
    language: Mapped[Word | None]  # null: the browser's
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    disabled_at: Mapped[datetime | None]
    disabled_by: Mapped[Name | None]


class UserSession(Base):
    """One login of a user in one browser. Its row is deleted when it ends."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("ix_user_sessions_user", "user"),
        Index("ix_user_sessions_ends", "ends_at"),
    )

    token_hash: Mapped[Word] = mapped_column(primary_key=True)  # SHA-256 of the cookie's token
    user: Mapped[Name] = mapped_column(ForeignKey("users.name"))
    address: Mapped[Name]  # that it was opened from
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # whatever is done until then


class SavedFilter(Base):
    """A filter of the records page that a user saved under a name."""

    __tablename__ = "saved_filters"

    user: Mapped[Name] = mapped_column(ForeignKey("users.name"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    filter: Mapped[Json]  # the page's fields and their values, all text
    created_at: Mapped[datetime]
