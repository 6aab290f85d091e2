"""A phone shows its number between two tasks, where it was asked to: seen on its screen by another adb client."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from sqlalchemy import Engine

from models.fleet.phones import phone_online
from models.tables import PhoneShow
from models.transactions.read_write import read
from models.values.refused import Refused
from tests.support.ledger.copied import copied_ledger
from tests.support.shelf import Shelf
from workers.control.find_phone import find_phone
from workers.control.phone_pause import pause_phone
from workers.execution.find_me import ANOTHER_SCREEN, show_number
from workers.execution.number_picture import number_picture, shows_number
from workers.execution.worker import Worker
from workers.phone.phone import PICTURE
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

SERIAL, INCARNATION = "SIM0001", "incarnation-1"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A ledger that knows the first phone."""
    made = copied_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    phone_online(made, SERIAL, "x", "test", "SimPhone", INCARNATION)
    return made


def worker(engine: Engine, shelf: Shelf, incarnation: str = INCARNATION) -> Worker:
    address = shelf.phones[0]["address"]
    identity = WorkerIdentity(SERIAL, address, shelf.adb.port, "test", incarnation, own_slot())
    return Worker.of(identity, engine, settings())


def screen(shelf: Shelf) -> bytes:
    """What adb says that the phone shows."""
    device = shelf.adb.client.device(shelf.phones[0]["address"])
    picture: bytes = device.shell("screencap -p", encoding=None)
    return picture


def is_the_number(shelf: Shelf) -> bool:
    shown = Image.open(BytesIO(screen(shelf))).convert("L").resize((108, 240))
    wanted = Image.open(BytesIO(number_picture(SERIAL))).convert("L").resize((108, 240))
    different = sum(ImageChops.difference(shown, wanted).histogram()[64:])
    return different < 108 * 240 // 20


def told(engine: Engine) -> PhoneShow:
    return read(engine, lambda session: session.get_one(PhoneShow, SERIAL))


def test_it_shows_its_number_once_and_puts_it_away(engine: Engine, shelf: Shelf) -> None:
    hand, seen = worker(engine, shelf), list[bool]()
    assert not show_number(hand), "nobody asked"
    pause_phone(engine, SERIAL, who="lena", ring_now=False)
    find_phone(engine, SERIAL, who="lena")
    try:
        assert show_number(hand, lambda _: seen.append(is_the_number(shelf)))
        assert seen == [True]
        assert not shows_number(screen(shelf))
        assert PICTURE.rpartition("/")[2] not in shelf.adb.client.device(hand.identity.address).shell(
            "ls /sdcard/Download"
        )
        assert (told(engine).why_not, told(engine).asked_until) == (None, None)
        assert told(engine).shown_at is not None
        assert not show_number(hand), "once"
    finally:
        hand.connection.close()


def test_a_screen_that_shows_something_else_is_told(engine: Engine, shelf: Shelf) -> None:
    hand = worker(engine, shelf)
    find_phone(engine, SERIAL, who="lena")
    shelf.fault("screen_locked")
    try:
        assert show_number(hand, lambda _: None)
    finally:
        hand.connection.close()
        shelf.heal("*")
    assert told(engine).why_not == ANOTHER_SCREEN


def test_a_worker_that_does_not_serve_the_phone_any_more_shows_nothing(engine: Engine, shelf: Shelf) -> None:
    find_phone(engine, SERIAL, who="lena")
    assert not show_number(worker(engine, shelf, "another"))
    assert told(engine).asked_until is not None
    with pytest.raises(Refused, match="is unknown"):
        find_phone(engine, "nobody", who="lena")


@pytest.mark.parametrize("text", ["1", "SIM0042", "R58M12ABCDE", "10.0.0.17:5555", "x" * 60])
def test_any_number_fits_and_is_red(text: str) -> None:
    data = number_picture(text)
    assert len(data) < 20_000
    assert shows_number(data)


@pytest.mark.parametrize("colour", ["white", "black", "#fe2c55", "#2f3e55"])
def test_other_screens_are_not_taken_for_the_number(colour: str) -> None:
    kept = BytesIO()
    Image.new("RGB", (540, 1200), colour).save(kept, "JPEG", quality=80)
    assert not shows_number(kept.getvalue())
