"""Clerks: each does its errands in order, on a thread of its own, so that a slow database holds up no phone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

from workers.host.backoff import Backoff

log = logging.getLogger("phonefleet.clerk")

RETRIES = Backoff(first=0.2, most=5.0)
TRIES = 6


class Clerk:
    """Does its errands one after the other; each is tried up to 6 times over about 10 seconds."""

    def __init__(self, name: str) -> None:
        self._errands: SimpleQueue[tuple[str, Callable[[], object], Callable[[], object] | None] | None] = SimpleQueue()
        self._hurry = Event()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def do(self, what: str, errand: Callable[[], object], *, otherwise: Callable[[], object] | None = None) -> None:
        """Have an errand done; `otherwise` is called when it failed for good. `what` names it in the log."""
        self._errands.put((what, errand, otherwise))

    def close(self, seconds: float) -> bool:
        """Finish what was ordered, without pauses between tries; False when that took longer than `seconds`."""
        self._hurry.set()
        self._errands.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (order := self._errands.get()) is not None:
            what, errand, otherwise = order
            if not self._done(what, errand) and otherwise is not None:
                otherwise()

    def _done(self, what: str, errand: Callable[[], object]) -> bool:
        for tried in range(1, TRIES + 1):
            try:
                errand()
                return True
            except Exception as error:  # noqa: BLE001  # a driver's own errors have no common base
                log.warning("%s, try %d of %d: %s", what, tried, TRIES, error)
                if tried < TRIES:
                    self._hurry.wait(RETRIES.wait(tried))
        log.error("%s: given up; what it was about is set right when leases run out and tickets are rung again", what)
        return False
