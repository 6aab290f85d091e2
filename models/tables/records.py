"""The tables of records: what ended, row by row and by the hour."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Count, Id, Name, Word

BESIDE = ("flow", "outcome", "kind", "code")


class Record(Base):
    """One ended attempt or action, or one task that ended without an attempt. Written once, and never changed.

    Rows refer to no other table, so that they may outlive tasks. On MariaDB and MySQL each month is a partition
    (models/history/records/partitions.py). Each index has the order of the lists, and behind it what is often asked for
    as well: short columns, as far as a key may be long. An account or an author is looked up in its own index.
    """

    __tablename__ = "records"
    __table_args__ = (
        Index("ix_records_account", "sandbox", "account_id", "ended_at", "id", *BESIDE, "key_id"),
        Index("ix_records_phone", "sandbox", "phone_serial", "ended_at", "id", *BESIDE, "key_id"),
        Index("ix_records_author", "sandbox", "author_id", "ended_at", "id", *BESIDE, "key_id"),
        Index("ix_records_campaign", "campaign_id", "ended_at", "id"),
        Index("ix_records_key", "key_id", "ended_at", "id", *BESIDE),
        Index("ix_records_flow", "sandbox", "flow", "outcome", "ended_at", "id", "kind", "code"),
    )

    ended_at: Mapped[datetime] = mapped_column(primary_key=True)
    # a and the attempt's id, x and the action's, t and the task's: what is written twice has the same key
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[Word]  # attempt, task, or the kind of the action: comment, reply, …
    flow: Mapped[Name]
    outcome: Mapped[Word]  # an AttemptOutcome, done or not_done, or the state in which the task ended
    code: Mapped[Word | None]  # of its failure
    culprit: Mapped[Word | None]
    step: Mapped[Word | None]
    reason: Mapped[Name | None]  # its beginning
    account_id: Mapped[Name | None]  # of a task without an attempt: the one that it was pinned to
    phone_serial: Mapped[Name | None]
    key_id: Mapped[Word | None]  # of a customer's task
    sandbox: Mapped[bool]
    campaign_id: Mapped[Id]
    task_id: Mapped[Id]
    attempt: Mapped[int | None]
    author_id: Mapped[Name | None]  # whose content
    title: Mapped[Name | None]  # its beginning
    asked: Mapped[Count | None]  # titles, comments or actions that it was asked for, and that it got
    got: Mapped[Count | None]
    seconds: Mapped[float | None]  # from its start to its end
    evidence: Mapped[bool]  # the attempt told of evidence


class RecordHour(Base):
    """How many records of one hour have one value: exact totals without counting rows.

    Each record counts once under `all`, and once under each of account, phone, key and code that it has; the dimensions
    with ` day` have days in place of hours, of author and campaign too (models/history/records/pairs.py).
    """

    __tablename__ = "record_hours"

    sandbox: Mapped[bool] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[Name] = mapped_column(primary_key=True)  # empty under `all`
    hour: Mapped[datetime] = mapped_column(primary_key=True)  # its beginning, in UTC
    flow: Mapped[Name] = mapped_column(primary_key=True)
    kind: Mapped[Word] = mapped_column(primary_key=True)
    outcome: Mapped[Word] = mapped_column(primary_key=True)
    number: Mapped[Count]
    seconds: Mapped[float]  # of all together


class RecordPair(Base):
    """How many records of one month have these two values: one of account, phone, key, code, author and campaign each.

    `one` belongs to the dimension that `pair` names first.
    """

    __tablename__ = "record_pairs"

    month: Mapped[datetime] = mapped_column(primary_key=True)  # its beginning, in UTC
    sandbox: Mapped[bool] = mapped_column(primary_key=True)
    pair: Mapped[str] = mapped_column(String(32), primary_key=True)
    one: Mapped[Name] = mapped_column(primary_key=True)
    other: Mapped[Name] = mapped_column(primary_key=True)
    number: Mapped[Count]
