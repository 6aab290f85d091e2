"""The tables of phones and accounts."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Id, Json, LongText, Name, Word


class Phone(Base):
    """An Android device, by serial, as its host last saw it."""

    __tablename__ = "phones"
    __table_args__ = (Index("ix_phones_state", "state"), Index("ix_phones_account", "account_id"))

    serial: Mapped[Name] = mapped_column(primary_key=True)
    address: Mapped[Name]  # what adb calls it: a serial or host:port
    host: Mapped[Name]
    model: Mapped[Name]
    state: Mapped[Word]  # a PhoneState, or adb's own word
    why: Mapped[LongText | None]
    sandbox: Mapped[bool] = mapped_column(default=False)  # simulated: it takes sandbox tasks and no others
    incarnation: Mapped[Id | None]  # the worker that serves it
    account_id: Mapped[Name | None]  # read from the app, not configured
    account_read_at: Mapped[datetime | None]  # when a worker last read it
    # since when this phone shows an account that another phone holds: logged in twice, or moved
    twice_since: Mapped[datetime | None]
    app_version: Mapped[Word | None]
    # paused by a person
    paused: Mapped[bool] = mapped_column(default=False)
    paused_why: Mapped[LongText | None]
    draining: Mapped[bool] = mapped_column(default=False)  # paused, but its running task finishes first
    paused_for: Mapped[Json | None]  # the customers that keep their own tasks off it; null: none
    # it failed several tasks in a row: no work until then; afterwards the next task is its canary
    quarantined_until: Mapped[datetime | None]
    quarantine_why: Mapped[LongText | None]
    quarantines: Mapped[int] = mapped_column(default=0)  # in a row
    # its health: why it is unfit for work, and its host's last reading
    unfit_why: Mapped[LongText | None]
    health: Mapped[Json | None]
    health_at: Mapped[datetime | None]
    state_since: Mapped[datetime | None]
    seen_at: Mapped[datetime]
    first_seen_at: Mapped[datetime]


class Account(Base):
    """An account of the fleet, registered when a phone first showed it or an operator named it."""

    __tablename__ = "accounts"

    id: Mapped[Name] = mapped_column(primary_key=True)
    name: Mapped[Name]
    live: Mapped[bool]  # takes part when a campaign says `accounts: all`
    resting_since: Mapped[datetime | None]
    resting_why: Mapped[LongText | None]
    created_at: Mapped[datetime]
