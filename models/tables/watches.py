"""The tables of watches: what is looked at and when, each look, the items seen, and the numbers of each hour."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, Key, LongText, Name, Word


class Watch(Base):
    """A watch: a monitoring flow with its parameters, when it looks, and when people are told."""

    __tablename__ = "watches"
    __table_args__ = (
        Index("ix_watches_next_due", "removed_at", "paused", "next_due"),
        Index("ix_watches_judge_at", "judge_at"),
        Index("ix_watches_key", "key_id", "created_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Name]  # one that is in force has it alone among those of its owner
    flow: Mapped[Name]
    params: Mapped[Json]  # of the flow, as they were checked
    # when it looks: every so many minutes, or at the times of a cron line in the operator's zone
    every: Mapped[int | None]
    cron: Mapped[Name | None]
    # which new items count: those with all, any and none of these words; `mood`: only those that triage gives it
    words: Mapped[Json]
    mood: Mapped[Word | None]
    # when people are told: `threshold` items within `window` minutes, or many more than in this hour of past weeks
    window: Mapped[int]
    threshold: Mapped[int]
    deviation: Mapped[float | None]  # in median absolute deviations; null: not compared
    least: Mapped[int]  # items of an hour below which no deviation counts
    min_interval: Mapped[int]  # minutes between two alerts, at least
    quiet_from: Mapped[Word | None]  # 22:00, in the operator's zone: nobody is told from then on …
    quiet_to: Mapped[Word | None]  # … until then
    paused: Mapped[bool] = mapped_column(default=False)
    key_id: Mapped[Word | None]  # of a customer's watch
    sandbox: Mapped[bool] = mapped_column(default=False)
    last_due: Mapped[datetime | None]
    next_due: Mapped[datetime]  # with its jitter
    looked_at: Mapped[datetime | None]  # its last look that succeeded
    # why people are to be told, and when it is judged again: quiet hours or the least interval held it back
    held_why: Mapped[LongText | None]
    judge_at: Mapped[datetime | None]
    alerted_at: Mapped[datetime | None]
    failed_looks: Mapped[int] = mapped_column(default=0)  # in a row
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    removed_at: Mapped[datetime | None]


class WatchLook(Base):
    """One look that was due: its task, and what it brought. A due time has one look, whoever plants it."""

    __tablename__ = "watch_looks"
    __table_args__ = (
        Index("uq_watch_looks_due", "watch_id", "due", unique=True),
        Index("uq_watch_looks_task", "task_id", unique=True),
        Index("ix_watch_looks_outcome", "outcome", "id"),
        Index("ix_watch_looks_due", "due"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    watch_id: Mapped[Id]
    due: Mapped[datetime]  # without jitter
    planted_at: Mapped[datetime]
    missed: Mapped[int]  # earlier due times that passed unplanted, which this look stands for
    task_id: Mapped[Id | None]  # null: skipped, because the look before had not ended
    outcome: Mapped[Word]  # a LookOutcome
    baseline: Mapped[bool] = mapped_column(default=False)  # the first that succeeded: nothing in it is news
    seen: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    matched: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[datetime | None]
    reason: Mapped[LongText | None]


class WatchItem(Base):
    """A comment or title that a watch has seen, by a digest: no name and no text."""

    __tablename__ = "watch_items"
    __table_args__ = (
        Index("ix_watch_items_pending", "watch_id", "matched", "alerted_at", "first_seen_at"),
        Index("ix_watch_items_told", "item_key", "owner", "alerted_at"),
        Index("ix_watch_items_last_seen", "last_seen_at"),
        Index("ix_watch_items_task", "task_id"),
    )

    watch_id: Mapped[Id] = mapped_column(primary_key=True)  # of a task without a watch: a digest of what it looks at
    item_key: Mapped[Key] = mapped_column(primary_key=True)
    owner: Mapped[Word]  # the key of a customer's watch; empty: the operator's
    task_id: Mapped[Id]  # that saw it first
    position: Mapped[int]  # among the new items of that task's result
    matched: Mapped[bool] = mapped_column(default=False)
    words: Mapped[Json | None]  # of the watch, that it has
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    alerted_at: Mapped[datetime | None]


class WatchHour(Base):
    """What a watch found in one hour: numbers alone, to compare later hours with."""

    __tablename__ = "watch_hours"
    __table_args__ = (Index("ix_watch_hours_hour", "hour"),)

    watch_id: Mapped[Id] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)  # its beginning
    looks: Mapped[int]
    new: Mapped[int]
    matched: Mapped[int]
