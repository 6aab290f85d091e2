"""The tables of the shelf's small pictures: the newest of each phone, and until when somebody watches the shelf."""

from datetime import datetime

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.database.base import Base, Name


class PhonePicture(Base):
    """The newest small picture of a phone's screen, a WebP. It is deleted when nobody has watched for a while."""

    __tablename__ = "phone_pictures"

    serial: Mapped[Name] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]
    picture: Mapped[bytes] = mapped_column(LargeBinary)


class ShelfWatch(Base):
    """The one row that says until when somebody watches the shelf: so long workers take pictures."""

    __tablename__ = "shelf_watch"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    until: Mapped[datetime]
