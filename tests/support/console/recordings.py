"""Recordings of apps: one of a ledger without phones, and a simulated phone whose worker does what a recording asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from xml.sax.saxutils import quoteattr

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.fleet.phones import phone_online
from models.fleet.recordings import add_lines, answer_touch, ask_phone, begin_recording, recording_named, take_touch
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.support.console.screens_of_phones import HEIGHT, WIDTH, screen
from tests.support.shelf import Shelf
from workers.control.phone_pause import pause_phone
from workers.execution.record_touch import do_touch
from workers.execution.worker import Worker
from workers.phone.small_picture import small_picture
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

SERIAL, INCARNATION, READER = "SIM0001", "incarnation-1", "com.phonefleet.reader"
PAUSED, PACKAGE = "P0004", "com.example.app"  # of the Monday's ledger


def dump_with(*texts: str, package: str = PACKAGE) -> str:
    """A screen with a list of these texts."""
    row = "<node package='{0}' resource-id='{0}:id/row' text={1} class='a.b.TextView' bounds='[20,{2}][340,{3}]'/>"
    nodes = (row.format(package, quoteattr(text), 84 + 88 * at, 160 + 88 * at) for at, text in enumerate(texts))
    place = f"resource-id='{package}:id/list' bounds='[0,0][{WIDTH},{HEIGHT}]'"
    return f"<hierarchy><node package='{package}' {place}>{''.join(nodes)}</node></hierarchy>"


def recorded(engine: Engine, *texts: str) -> int:
    """A recording under way on the phone that is paused: its first page has a name, and a list of these texts."""

    def begin(session: Session) -> int:
        one = begin_recording(session, PAUSED, PACKAGE, texts[0][:40], flow=True, who="李娜")
        ask_phone(session, one, {"do": "start", "anew": True})
        return one.id

    recording = write(engine, begin)
    taken = take_touch(engine, PAUSED, read(engine, lambda session: session.get_one(Phone, PAUSED).incarnation) or "")
    assert taken is not None
    answer_touch(engine, taken, dump_with(*texts), small_picture(screen(1), (540, 1200), 60_000)[0], "8.0.50")
    write(engine, lambda session: add_lines(session, recording_named(session, recording), ["start", "2 row"]))
    return recording


@contextmanager
def phone_to_record(engine: Engine, shelf: Shelf) -> Iterator[str]:
    """The simulated phone, paused, with its worker in a thread: it does what a message of the coordinator has it do."""
    phone_online(engine, SERIAL, shelf.phones[0]["address"], "test", "SimPhone", INCARNATION)
    pause_phone(engine, SERIAL, who="lena", ring_now=False)
    over = threading.Event()

    def serve() -> None:
        identity = WorkerIdentity(SERIAL, shelf.phones[0]["address"], shelf.adb.port, "test", INCARNATION, own_slot())
        worker = Worker.of(identity, engine, settings())
        while not over.wait(0.1):
            do_touch(worker)
        worker.connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield SERIAL
    finally:
        over.set()
        thread.join(60)
