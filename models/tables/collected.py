"""The tables of collected titles and comments."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Count, Id, Key, LongText, Name, Word


class CollectedTitle(Base):
    """A title of an author. It counts as collected once its comments were collected.

    A title that simulated phones show has a row of its own beside that of the real app.
    """

    __tablename__ = "titles"
    __table_args__ = (
        UniqueConstraint("author_id", "title_key", name="uq_titles_author_title"),
        Index("ix_titles_searchable", "searchable", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    author_id: Mapped[Name]
    author: Mapped[Name]
    title: Mapped[LongText]
    title_key: Mapped[Key]  # of the exact title, and of the sandbox if it was seen there
    sandbox: Mapped[bool] = mapped_column(default=False)  # seen on simulated phones
    shown_count: Mapped[Count | None]  # as the app shows it, replies included
    real_count: Mapped[Count | None]  # comments counted one by one, up to the number asked for
    first_task_id: Mapped[Id]
    first_seen_at: Mapped[datetime]
    comments_task_id: Mapped[Id | None]
    comments_collected_at: Mapped[datetime | None]
    searchable: Mapped[bool] = mapped_column(default=False)  # the search has it: models/tasks/texts/fill.py


class CollectedComment(Base):
    """A comment, stored once for all its sightings; its counts are the latest."""

    __tablename__ = "comments"
    __table_args__ = (
        Index("ix_comments_title_key", "title_id", "comment_key"),
        Index("ix_comments_last_seen", "last_seen_at"),
        Index("ix_comments_searchable", "searchable", "id"),
        Index("ix_comments_commenter", "commenter", info={"mysql_length": 191, "mariadb_length": 191}),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("titles.id"))
    comment_key: Mapped[Key]  # of commenter and text
    commenter: Mapped[LongText]
    text: Mapped[LongText]  # empty: a sticker or a picture alone
    place: Mapped[Word]  # as the app shows it beside the time; empty when it shows none
    time: Mapped[Word]  # as the app showed it when `posted_at` was read from it: 昨天 12:30, 3小时前
    posted_at: Mapped[datetime | None]  # the moment that `time` stands for; null when it cannot be read
    posted_precision: Mapped[Word | None]  # second, minute, hour, day, week, month, year
    likes: Mapped[Count | None]  # null: the app did not show the number in time
    replies: Mapped[Count | None]
    first_task_id: Mapped[Id]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    searchable: Mapped[bool] = mapped_column(default=False)  # the search has it: models/tasks/texts/fill.py


class CommentSighting(Base):
    """A comment as one task saw it: its position in the list, and its counts."""

    __tablename__ = "comment_sightings"
    __table_args__ = (
        UniqueConstraint("task_id", "position", name="uq_comment_sightings_task_position"),
        Index("ix_comment_sightings_comment", "comment_id", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"))
    task_id: Mapped[Id]
    position: Mapped[int]
    likes: Mapped[Count | None]
    replies: Mapped[Count | None]
    time: Mapped[Word]  # as the app showed it then
    seen_at: Mapped[datetime]
