"""A paused phone does the touches of a recording, and gives its screen after each: on simulated phones behind adb."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from flows.screen import Node, Screen
from models.fleet.phones import phone_online
from models.fleet.recordings import (
    ask_phone,
    begin_recording,
    pictures_of_recording,
    recording_named,
    screens_of_recording,
)
from models.transactions.read_write import read, write
from tests.support.ledger.copied import copied_ledger
from tests.support.shelf import Shelf
from workers.control.phone_pause import pause_phone, resume_phone
from workers.execution.record_touch import CHANGED, do_touch
from workers.execution.worker import Worker
from workers.policy.recorder.touch import Touch
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

SERIAL, INCARNATION = "SIM0001", "incarnation-1"
PACKAGE = "com.phonefleet.reader"
START = Touch(do="start", package=PACKAGE, anew=True)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A ledger that knows the first phone, which a person paused."""
    made = copied_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    phone_online(made, SERIAL, "x", "test", "SimPhone", INCARNATION)
    pause_phone(made, SERIAL, who="lena", ring_now=False)
    return made


@pytest.fixture
def hand(engine: Engine, shelf: Shelf) -> Iterator[Worker]:
    identity = WorkerIdentity(SERIAL, shelf.phones[0]["address"], shelf.adb.port, "test", INCARNATION, own_slot())
    made = Worker.of(identity, engine, settings())
    yield made
    made.connection.close()


def begun(engine: Engine, package: str = PACKAGE) -> int:
    return write(engine, lambda session: begin_recording(session, SERIAL, package, "", flow=False, who="lena").id)


def asked(engine: Engine, recording: int, touch: Touch) -> None:
    told: dict[str, Any] = touch.model_dump(mode="json", exclude_defaults=True)
    write(engine, lambda session: ask_phone(session, recording_named(session, recording, lock=True), told))


def screens(engine: Engine, recording: int) -> list[Screen]:
    return [Screen.parse(one) for one in read(engine, lambda session: screens_of_recording(session, recording))]


def failed(engine: Engine, recording: int) -> str | None:
    return read(engine, lambda session: recording_named(session, recording).failed)


def node(screen: Screen, name: str) -> Node:
    found = screen.find(f"{PACKAGE}:id/{name}")
    assert found is not None
    return found


def test_it_starts_the_app_taps_and_goes_back_and_keeps_each_screen(engine: Engine, hand: Worker) -> None:
    one = begun(engine)
    assert not do_touch(hand), "nothing is asked for"
    asked(engine, one, START)
    assert do_touch(hand)
    (accounts,) = screens(engine, one)
    asked(engine, one, Touch.on("tap", node(accounts, "account_item")))
    assert do_touch(hand)
    asked(engine, one, Touch(do="press", key="back"))
    assert do_touch(hand)
    first, second, third = screens(engine, one)
    assert second.has(f"{PACKAGE}:id/account_name")
    assert not second.has(f"{PACKAGE}:id/account_list")
    assert third.has(f"{PACKAGE}:id/account_list")
    assert first.has(f"{PACKAGE}:id/account_list")
    for picture in read(engine, lambda session: pictures_of_recording(session, one)):
        assert Image.open(BytesIO(picture)).format == "WEBP"

    def version(session: Session) -> str | None:
        return recording_named(session, one).version

    assert read(engine, version)
    assert not do_touch(hand), "once"


def test_an_element_that_is_not_there_any_more_is_not_tapped(engine: Engine, hand: Worker) -> None:
    one = begun(engine)
    asked(engine, one, START)
    assert do_touch(hand)
    moved = Touch.on("tap", node(screens(engine, one)[0], "account_item")).model_copy(update={"bounds": (0, 0, 9, 9)})
    asked(engine, one, moved)
    assert do_touch(hand)
    assert CHANGED in (failed(engine, one) or "")
    asked(engine, one, Touch(do="look"))
    assert do_touch(hand)
    assert screens(engine, one)[1].has(f"{PACKAGE}:id/account_list"), "it was not tapped"


def test_an_app_that_is_not_there_and_a_phone_that_is_resumed_are_told(engine: Engine, hand: Worker) -> None:
    one = begun(engine, "com.example.none")
    asked(engine, one, Touch(do="start", package="com.example.none"))
    assert do_touch(hand)
    assert failed(engine, one) == "com.example.none is not installed there"
    asked(engine, one, Touch(do="look"))
    resume_phone(engine, SERIAL, who="lena", ring_now=False)
    assert not do_touch(hand)
    assert failed(engine, one) == "the phone was resumed: pause it again"
