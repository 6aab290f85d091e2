"""A touch of a recording: the worker of a paused phone does it, and stores what the phone shows then."""

from __future__ import annotations

import logging
import time

from pydantic import ValidationError

from flows.packages.recording import dump_of
from flows.phone import PhoneError
from flows.screen import Node, Screen
from models.fleet.recordings import MOST_PICTURE, Taken, answer_touch, fail_touch, take_touch
from workers.execution.worker import Worker
from workers.phone.phone import U2Phone
from workers.phone.small_picture import NoPicture, small_picture
from workers.policy.recorder.touch import Touch
from workers.runtime.slots import Stop

log = logging.getLogger("phonefleet.record")

SECONDS = 120.0  # that one touch may take, with all looks after it
LOOKS, LOOK_SECONDS = 15, 0.4  # until the screen stands still
STILL = 3  # looks in a row that show the same
SIZE = (540, 1200)  # pixels of a picture, at most
CHANGED = "the screen is not as it was shown any more: look again"


def do_touch(worker: Worker) -> bool:
    """Does the touch that a recording asks this worker's phone for. Returns whether there was one."""
    serial, connection = worker.identity.serial, worker.connection
    if serial is None or worker.identity.slot.stop & Stop.DRAIN:
        return False
    taken = take_touch(worker.engine, serial, worker.identity.incarnation)
    if taken is None:
        return False
    until = time.monotonic() + SECONDS
    try:
        with connection.within(lambda: until - time.monotonic()):
            _answer(worker, taken, connection.connect())
    except PhoneError as error:
        connection.close()
        log.info("phone %s did not do a touch of recording %d: %s", serial, taken.recording_id, error)
        fail_touch(worker.engine, taken, f"{error}")
    except (NoPicture, ValidationError) as error:
        fail_touch(worker.engine, taken, f"{error}")
    connection.forget_account()  # a person may have logged in another one
    return True


def _answer(worker: Worker, taken: Taken, phone: U2Phone) -> None:
    version = taken.version or phone.app_version(taken.package)
    if version is None:
        fail_touch(worker.engine, taken, f"{taken.package} is not installed there")
        return
    _do(phone, taken.package, Touch.model_validate(taken.touch))
    screen = _at_rest(phone)
    picture, _ = small_picture(phone.screenshot(), SIZE, MOST_PICTURE)
    answer_touch(worker.engine, taken, dump_of(screen), picture, version)


def _do(phone: U2Phone, package: str, touch: Touch) -> None:
    if touch.do == "start":
        if touch.anew:
            phone.stop_app(package)
        phone.start_app(package)
    elif touch.do == "tap":
        phone.tap(_element(phone, touch))
    elif touch.do == "type":
        phone.set_text(_element(phone, touch), touch.text)
    elif touch.do == "press":
        phone.press(touch.key)
    elif touch.do == "swipe":
        phone.swipe(touch.begin, touch.end, touch.seconds)


def _element(phone: U2Phone, touch: Touch) -> Node:
    """Returns the element as the screen has it now, so that nothing is touched which a person did not see there."""
    nodes = (node for root in phone.look().roots for node in root.walk())
    found = next((node for node in nodes if touch.is_of(node)), None)
    if found is None:
        raise PhoneError("page_not_reached", CHANGED, sent=False)
    return found


def _at_rest(phone: U2Phone) -> Screen:
    """Returns the screen once it stands still, or after some looks: a list may load for ever."""
    screen, alike = phone.look(), 1
    for _ in range(LOOKS):
        time.sleep(LOOK_SECONDS)
        before, screen = dump_of(screen), phone.look()
        alike = alike + 1 if dump_of(screen) == before else 1
        if alike >= STILL:
            break
    return screen
