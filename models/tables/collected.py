"""What was collected: titles and comments."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MYSQL_BINARY_TEXT, Base, Count, Id, Key, LongText, Name, Word


class CollectedTitle(Base):
    """A title of an author, known as collected once its comments were."""

    __tablename__ = "titles"
    __table_args__ = (UniqueConstraint("author_id", "title_key", name="uq_titles_author_title"), MYSQL_BINARY_TEXT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    author_id: Mapped[Name]
    author: Mapped[Name]
    title: Mapped[LongText]
    title_key: Mapped[Key]  # of the exact title
    shown_count: Mapped[Count | None]  # as the app shows it, replies included
    real_count: Mapped[Count | None]  # comments counted one by one, up to what was asked
    first_task_id: Mapped[Id]
    first_seen_at: Mapped[datetime]
    comments_task_id: Mapped[Id | None]
    comments_collected_at: Mapped[datetime | None]


class CollectedComment(Base):
    """A comment as it was read."""

    __tablename__ = "comments"
    __table_args__ = (
        UniqueConstraint("task_id", "position", name="uq_comments_task_position"),
        Index("ix_comments_title", "title_id"),
        Index("ix_comments_commenter", "commenter", mysql_length=191, mariadb_length=191),
        MYSQL_BINARY_TEXT,
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("titles.id"))
    task_id: Mapped[Id]
    position: Mapped[int]
    commenter: Mapped[LongText]
    text: Mapped[LongText]
    likes: Mapped[Count]
    replies: Mapped[Count]
    time: Mapped[Word]  # as the app shows it: 昨天 12:30, 3小时前
    collected_at: Mapped[datetime]
