"""The host agent's thread for the shelf's pictures: tells workers that somebody watches, and stores what they took.

The answer to the host's report says whether somebody watches, so that nobody has to ask the ledger for it.
"""

from __future__ import annotations

import logging
from threading import Event, Thread

from sqlalchemy import Engine

from models.fleet.pictures import keep_pictures
from models.values.backoff import Backoff
from workers.runtime.picture_folder import PictureFolder
from workers.settings import Settings

log = logging.getLogger("phonefleet.pictures")

ROUND_SECONDS = 4.0
RETRIES = Backoff(first=4.0, most=60.0)


class ShelfPictureThread:
    """Works until it is closed. While the ledger is away, nobody watches."""

    def __init__(self, config: Settings, engine: Engine) -> None:
        self._engine = engine
        self._folder = PictureFolder(config.var)
        self._watched = Event()
        self._stop = Event()
        self._thread = Thread(target=self._work, name="pictures", daemon=True)

    def start(self) -> None:
        """Starts, on a thread that ends with the process."""
        self._thread.start()

    def close(self, seconds: float) -> bool:
        """Ends. Returns False when that takes over `seconds`."""
        self._stop.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def note_watched(self) -> None:
        """Notes that somebody watches the shelf now. Any thread may call it."""
        self._watched.set()

    def round(self) -> None:
        """Tells workers if somebody watches, and stores the pictures that were taken. Raises what the ledger does."""
        if self._watched.is_set():
            self._watched.clear()
            self._folder.say_watched()
        if taken := self._folder.take():
            keep_pictures(self._engine, taken)

    def _work(self) -> None:
        failures = 0
        while not self._stop.wait(max(ROUND_SECONDS, RETRIES.wait(failures))):
            try:
                self.round()
                failures = 0
            except Exception:
                failures += 1
                if failures == 1:
                    log.exception("the shelf's pictures are not stored")
