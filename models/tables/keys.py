"""The tables of customers' API keys, their secrets, and the ids of accepted requests."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Json, LongText, Name, Word


class ApiKey(Base):
    """A key of a customer's system, with its limits and the addresses that it may name for callbacks."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_customer", "customer"),)

    id: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[Name]
    customer: Mapped[Name]
    sandbox: Mapped[bool]  # its tasks run on simulated phones only
    allowlist: Mapped[Json]  # origins that may be called back: https://hooks.example.com
    rate_per_second: Mapped[float]  # requests
    most_waiting: Mapped[int]  # tasks that have not ended
    weight: Mapped[int] = mapped_column(default=1)  # of its customer, when several wait for the phones
    highest_priority: Mapped[int] = mapped_column(default=3)  # that its tasks may have: 0 is urgent
    plain_json_allowed: Mapped[bool]
    # the events that it subscribed to beside its own tasks', and their address
    events_url: Mapped[LongText | None]
    wants_alerts: Mapped[bool]
    wants_quarantines: Mapped[bool]
    # the position of its newest numbered state change
    last_position: Mapped[int] = mapped_column(BigInteger(), default=0)
    # the day (UTC, ISO 8601) on which it last stored much, and the bytes of that day: workers/lifecycle/stored_bytes.py
    stored_day: Mapped[Word | None]
    stored_bytes: Mapped[int] = mapped_column(BigInteger(), default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[Name]
    disabled_at: Mapped[datetime | None]  # out of use until it is enabled: its requests are refused
    disabled_by: Mapped[Name | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[Name | None]


class KeySecret(Base):
    """A secret of a key, encrypted under the master key. Two secrets are valid while a key is rotated."""

    __tablename__ = "key_secrets"
    __table_args__ = (Index("ix_key_secrets_key", "key_id"),)

    id: Mapped[Word] = mapped_column(primary_key=True)
    key_id: Mapped[Word] = mapped_column(ForeignKey("api_keys.id"))
    sealed: Mapped[LongText]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class SeenId(Base):
    """The webhook-id of an accepted request: a second request with it is a replay."""

    __tablename__ = "seen_ids"
    __table_args__ = (Index("ix_seen_ids_at", "seen_at"),)

    key_id: Mapped[Word] = mapped_column(primary_key=True)
    id: Mapped[Name] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
