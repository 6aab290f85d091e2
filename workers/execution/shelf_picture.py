"""Takes a small picture of a phone's screen for people who watch the shelf: between two touches, at most every 30 s."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from workers.phone.small_picture import small_picture
from workers.runtime.picture_folder import PictureFolder

log = logging.getLogger("phonefleet.pictures")

EVERY_SECONDS = 30.0
LOOK_SECONDS = 1.0  # between two questions whether somebody watches
PAUSE_SECONDS = 300.0  # after a failure: a phone that gives no picture loses 2 s once in five minutes
SIZE = (68, 152)  # pixels: twice those of a tile
MOST_BYTES = 1800


class Camera(Protocol):
    """A phone that gives its screen."""

    def quick_screenshot(self) -> bytes:
        """Returns the screen's picture as JPEG bytes, of a low quality and within 2 s."""


class ShelfPictures:
    """The pictures of one worker's phone."""

    def __init__(self, serial: str, folder: PictureFolder, clock: Callable[[], float] = time.monotonic) -> None:
        self._serial = serial
        self._folder = folder
        self._clock = clock
        self._next = 0.0

    def take(self, phone: Camera) -> bool:
        """Takes a picture if somebody watches and it is time. Returns whether it did. Never raises an Exception."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + LOOK_SECONDS
        if not self._folder.watched():
            return False
        self._next = now + PAUSE_SECONDS
        try:
            picture, _ = small_picture(phone.quick_screenshot(), SIZE, MOST_BYTES)
            self._folder.put(self._serial, picture)
        except Exception as error:  # noqa: BLE001  # whatever ails it, the flow goes on
            log.info("no picture of phone %s for the shelf: %s", self._serial, error)
            return False
        self._next = now + EVERY_SECONDS
        return True
