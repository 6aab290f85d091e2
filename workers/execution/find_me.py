"""Find me: between two tasks, a phone shows its number for half a minute, where its worker was asked to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flows.phone import PhoneError
from models.fleet.shows import note_show, take_show
from workers.execution.number_picture import number_picture, shows_number
from workers.execution.worker import Worker
from workers.runtime.slots import Stop

log = logging.getLogger("phonefleet.find")

SHOWN_SECONDS = 30.0
LOOK_SECONDS = 0.25  # between two looks whether the worker must end
ANOTHER_SCREEN = (
    "another screen is in front: the phone may ask with which app it shall open a picture, or be locked; "
    "unlock it, and choose an app for always"
)


def show_number(worker: Worker, wait: Callable[[Worker], None] | None = None) -> bool:
    """Shows the number of this worker's phone if it was asked to. Returns whether it was.

    No own app is needed: the phone's gallery shows a picture. `wait` is called while the number is shown.
    """
    identity, connection = worker.identity, worker.connection
    serial = identity.serial
    if serial is None or identity.slot.stop & Stop.DRAIN or not take_show(worker.engine, serial, identity.incarnation):
        return False
    try:
        phone = connection.connect()
        phone.show_picture(number_picture(serial if serial.isascii() else identity.address))
        try:
            seen = shows_number(phone.screenshot())
            note_show(worker.engine, serial, "" if seen else ANOTHER_SCREEN)
            (wait or _wait)(worker)
        finally:
            phone.put_picture_away()
    except PhoneError as error:
        connection.close()
        log.info("phone %s cannot show its number: %s", serial, error)
        note_show(worker.engine, serial, f"{error}")
    return True


def _wait(worker: Worker) -> None:
    until = time.monotonic() + SHOWN_SECONDS
    while time.monotonic() < until and not worker.identity.slot.stop & Stop.DRAIN:
        time.sleep(LOOK_SECONDS)
