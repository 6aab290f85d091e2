"""Small pictures of the phones' screens for people who watch the shelf: taken while they do, and gone soon after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, ScalarSelect, delete, select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.tables import Phone, PhonePicture, ShelfWatch
from models.transactions.read_write import read, write

WATCHED_FOR = timedelta(seconds=30)  # after a page last asked for pictures; an open page asks every 10 s
RENEWED_BELOW = timedelta(seconds=15)
KEPT = timedelta(minutes=10)
MOST_BYTES = 10_000
_ROW = 1


def watch_shelf(engine: Engine) -> None:
    """Notes that somebody watches the shelf now. Writes only when less than 15 s are left of the note before."""

    def left(session: Session) -> timedelta:
        row, now = session.get(ShelfWatch, _ROW), database_now(session)
        return timedelta() if row is None else row.until - now

    def work(session: Session) -> None:
        session.merge(ShelfWatch(id=_ROW, until=database_now(session) + WATCHED_FOR))

    if read(engine, left) < RENEWED_BELOW:
        write(engine, work)


def watched_until() -> ScalarSelect[datetime]:
    """Selects until when somebody watches the shelf, as a column of a host's report; NULL if nobody ever did."""
    return select(ShelfWatch.until).where(ShelfWatch.id == _ROW).scalar_subquery()


def keep_pictures(engine: Engine, taken: Mapping[str, tuple[bytes, float]]) -> None:
    """Stores the newest picture of each phone: its serial → a WebP, and how many seconds ago it was taken.

    Leaves out those above 10,000 bytes, and those of phones that the ledger does not know.
    """

    def work(session: Session) -> None:
        now = database_now(session)
        known = session.scalars(select(Phone.serial).where(Phone.serial.in_(taken))).all()
        for serial in known:
            picture, ago = taken[serial]
            if len(picture) <= MOST_BYTES:
                at = now - timedelta(seconds=max(0.0, ago))
                session.merge(PhonePicture(serial=serial, taken_at=at, picture=picture))

    write(engine, work)


def pictures_taken(session: Session) -> Sequence[tuple[str, datetime]]:
    """Returns the serial of each phone that has a picture, and when it was taken."""
    fresh = PhonePicture.taken_at > database_now(session) - KEPT
    rows = session.execute(select(PhonePicture.serial, PhonePicture.taken_at).where(fresh))
    return [(serial, at) for serial, at in rows]


def picture_of(session: Session, serial: str) -> bytes | None:
    """Returns the newest picture of a phone, a WebP; None without one."""
    fresh = PhonePicture.taken_at > database_now(session) - KEPT
    return session.scalar(select(PhonePicture.picture).where(PhonePicture.serial == serial, fresh))


def forget_pictures(session: Session, now: datetime) -> int:
    """Deletes pictures that are ten minutes old. Returns their number."""
    old = session.scalars(select(PhonePicture.serial).where(PhonePicture.taken_at < now - KEPT)).all()
    session.execute(delete(PhonePicture).where(PhonePicture.serial.in_(old)))
    return len(old)
