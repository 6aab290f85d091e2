"""The tables of deliveries: each callback owed, its tries, its endpoint and its lane."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, Key, LongText, Name, Word

Number = BigInteger().with_variant(Integer(), "sqlite")


class Lane(Base):
    """The deliveries of one key to one origin, of which a bounded number is sent at once."""

    __tablename__ = "lanes"

    id: Mapped[Key] = mapped_column(primary_key=True)  # of key and origin
    key_id: Mapped[Word]
    origin: Mapped[LongText]  # https://hooks.example.com:8443
    rung_at: Mapped[datetime | None]  # null: no ticket for it is out
    failures: Mapped[int] = mapped_column(default=0)  # without any answer or late, since one that arrived
    paused_until: Mapped[datetime | None]  # its breaker is open


class Endpoint(Base):
    """An address of a key, without its query: its breaker, and whether it answered 410 Gone."""

    __tablename__ = "endpoints"
    __table_args__ = (Index("ix_endpoints_lane", "lane"), Index("ix_endpoints_key", "key_id"))

    id: Mapped[Key] = mapped_column(primary_key=True)  # of key and address
    key_id: Mapped[Word]
    lane: Mapped[Key]
    address: Mapped[LongText]
    failures: Mapped[int]  # in a row, since the last delivery that arrived
    paused_until: Mapped[datetime | None]  # while its breaker is open, or because it asked for a pause
    disabled_at: Mapped[datetime | None]  # it answered 410: nothing is sent until a person enables it
    last_arrived_at: Mapped[datetime | None]


class Delivery(Base):
    """One callback that is owed. Its id is the webhook-id, the same in every try."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("uq_deliveries_id", "id", unique=True),
        Index("ix_deliveries_lane", "lane", "state", "next_at"),
        Index("ix_deliveries_hands", "lane", "claimed_by"),
        Index("ix_deliveries_endpoint", "endpoint_id", "state", "next_at"),
        Index("ix_deliveries_subject", "subject", "state", "number"),
        Index("ix_deliveries_key", "key_id", "number"),
        Index("ix_deliveries_key_state", "key_id", "state", "number"),
        Index("ix_deliveries_state", "state", "next_at"),
        Index("ix_deliveries_task", "task_id"),
        Index("ix_deliveries_campaign", "campaign_id"),
        Index("ix_deliveries_created", "created_at"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    id: Mapped[Id]
    key_id: Mapped[Word]
    lane: Mapped[Key]
    endpoint_id: Mapped[Key]
    url: Mapped[LongText]
    event_type: Mapped[Word]
    subject: Mapped[Name]  # task:<id>, campaign:<id>, alert:<id>; deliveries of one subject arrive in order
    task_id: Mapped[Id | None]
    campaign_id: Mapped[Id | None]
    payload: Mapped[Json]
    created_at: Mapped[datetime]
    state: Mapped[Word]  # a DeliveryState
    attempts: Mapped[int]  # tries since it was owed or replayed
    # when it is due; while a sender has it: when that sender loses it
    next_at: Mapped[datetime]
    claimed_by: Mapped[Id | None]
    give_up_at: Mapped[datetime]
    last_status: Mapped[int | None]  # of HTTP
    last_error: Mapped[Word | None]  # a code, never the receiver's own words
    delivered_at: Mapped[datetime | None]


class DeliveryAttempt(Base):
    """One try at a delivery."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_delivery", "delivery"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    delivery: Mapped[int] = mapped_column(Number, ForeignKey("deliveries.number"))
    started_at: Mapped[datetime]
    seconds: Mapped[float]
    status: Mapped[int | None]
    error: Mapped[Word | None]
