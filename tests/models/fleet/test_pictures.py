"""Small pictures of phones: wanted while somebody watches, kept for known phones alone, gone after ten minutes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.phones_alive import phones_alive
from models.fleet.pictures import (
    KEPT,
    MOST_BYTES,
    WATCHED_FOR,
    forget_pictures,
    keep_pictures,
    picture_of,
    pictures_taken,
    watch_shelf,
)
from models.tables import PhonePicture, ShelfWatch
from models.transactions.read_write import read, write
from tests.support.ledger.drive import online_worker


def until(engine: Engine) -> object:
    return read(engine, lambda session: session.get_one(ShelfWatch, 1).until)


def moved(engine: Engine, by: timedelta) -> None:
    write(engine, lambda session: session.execute(update(ShelfWatch).values(until=database_now(session) + by)))


def test_the_shelf_is_watched_for_a_short_while_and_the_note_is_rarely_written(ledger: Engine) -> None:
    host = [online_worker(ledger, "p1").incarnation]
    assert not phones_alive(ledger, host).watched, "nobody ever watched"
    watch_shelf(ledger)
    assert phones_alive(ledger, host).watched
    first = until(ledger)
    watch_shelf(ledger)
    assert until(ledger) == first, "it lasts long enough"
    moved(ledger, timedelta(seconds=10))
    watch_shelf(ledger)
    assert until(ledger) != first
    moved(ledger, -timedelta(seconds=1))
    assert not phones_alive(ledger, host).watched
    assert timedelta(minutes=1) > WATCHED_FOR


def test_the_newest_picture_of_a_known_phone_is_kept(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    keep_pictures(ledger, {"p1": (b"\xff\xd8 one", 5.0), "nobody": (b"x", 0.0)})
    ((serial, first),) = read(ledger, pictures_taken)
    keep_pictures(ledger, {"p1": (b"\xff\xd8\x00 two", -3600.0)})
    ((serial, second),) = read(ledger, pictures_taken)
    assert serial == "p1"
    assert first < second <= read(ledger, database_now), "no clock of a host puts it into the future"
    assert read(ledger, lambda session: picture_of(session, "p1")) == b"\xff\xd8\x00 two"
    assert read(ledger, lambda session: picture_of(session, "nobody")) is None


def test_a_picture_that_is_too_large_is_left_out(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    keep_pictures(ledger, {"p1": (bytes(MOST_BYTES + 1), 0.0)})
    assert read(ledger, pictures_taken) == []
    keep_pictures(ledger, {"p1": (bytes(MOST_BYTES), 0.0)})
    assert read(ledger, lambda session: picture_of(session, "p1")) == bytes(MOST_BYTES)


def test_old_pictures_are_neither_shown_nor_kept(ledger: Engine) -> None:
    online_worker(ledger, "p1")
    online_worker(ledger, "p2")
    keep_pictures(ledger, {"p1": (b"old", KEPT.total_seconds() + 1), "p2": (b"new", KEPT.total_seconds() - 60)})
    assert [serial for serial, _ in read(ledger, pictures_taken)] == ["p2"]
    assert read(ledger, lambda session: picture_of(session, "p1")) is None

    def forget(session: Session) -> int:
        return forget_pictures(session, database_now(session))

    assert write(ledger, forget) == 1
    left = select(func.count()).select_from(PhonePicture)
    assert read(ledger, lambda session: session.scalar(left)) == 1
