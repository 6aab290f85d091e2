"""The tables of recordings: what people record in the console on a connected phone, and the screens that it gave."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Json, LongText, Name, Word


class Recording(Base):
    """A recording of an app: what a person said, line by line, and the touch that the phone still owes."""

    __tablename__ = "recordings"
    __table_args__ = (Index("ix_recordings_asked_until", "asked_until"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    phone_serial: Mapped[Name]
    package: Mapped[Name]
    heading: Mapped[Name]  # what people call it
    flow: Mapped[bool]  # the steps of a flow, and not only a profile
    who: Mapped[Name]
    began_at: Mapped[datetime]
    used_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[Word | None]  # of the app, as the phone told
    lines: Mapped[Json]
    # a touch that the phone shall do: until when its worker may take it, when it did, and why it could not be done
    asked: Mapped[Json | None]
    asked_until: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    failed: Mapped[LongText | None]


class RecordedScreen(Base):
    """What the phone showed after a touch: the dump of the screen, and its picture, a WebP."""

    __tablename__ = "recorded_screens"

    recording_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dump: Mapped[LongText]
    picture: Mapped[bytes] = mapped_column(LargeBinary)
