"""Retry queues: each runs its jobs in order, on its own thread, so that a slow database blocks no phone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

from tenacity import RetryCallState, Retrying
from tenacity.nap import sleep_using_event

from models.values.backoff import Backoff

log = logging.getLogger("phonefleet.retry")

RETRIES = Backoff(first=0.2, most=5.0)
TRIES = 6
LONGEST_WAIT = 1.0  # seconds, of a queue that does not give up


class RetryQueue:
    """Runs its jobs one after the other; tries each up to 6 times over about 10 seconds, or without end."""

    def __init__(self, name: str, *, gives_up: bool = True) -> None:
        """`gives_up`: after 6 tries. One that does not tries once a second, until it is closed."""
        self._gives_up = gives_up
        self._jobs: SimpleQueue[tuple[str, Callable[[], object], Callable[[], object] | None] | None] = SimpleQueue()
        self._hurry = Event()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def do(self, what: str, job: Callable[[], object], *, otherwise: Callable[[], object] | None = None) -> None:
        """Queues a job. `otherwise` is called when it failed for good; `what` names it in the log."""
        self._jobs.put((what, job, otherwise))

    def wait(self, seconds: float) -> bool:
        """Waits until the jobs that were queued before are over, at most so long. Returns whether they are."""
        over = Event()
        self.do("nothing", over.set)
        return over.wait(seconds)

    def close(self, seconds: float) -> bool:
        """Finishes the queued jobs, without pauses between tries. Returns False when that took over `seconds`."""
        self._hurry.set()
        self._jobs.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (entry := self._jobs.get()) is not None:
            what, job, otherwise = entry
            if not self._done(what, job) and otherwise is not None:
                otherwise()

    def _done(self, what: str, job: Callable[[], object]) -> bool:
        """Returns whether the job succeeded in the end. It catches Exception, because drivers share no base class."""

        def once() -> bool:
            job()
            return True

        tries = Retrying(
            stop=self._ends,
            wait=self._pause,
            after=self._teller(what),
            sleep=sleep_using_event(self._hurry),
            retry_error_callback=lambda _state: False,
        )
        if not tries(once):
            log.error(
                "%s: given up; what it was about is set right when leases run out and tickets are rung again", what
            )
            return False
        tried = tries.statistics["attempt_number"]
        if tried > 1 and not self._gives_up:
            log.info("%s: done at try %d", what, tried)
        return True

    def _ends(self, state: RetryCallState) -> bool:
        return state.attempt_number >= TRIES and (self._gives_up or self._hurry.is_set())

    def _pause(self, state: RetryCallState) -> float:
        return min(RETRIES.wait(state.attempt_number), RETRIES.most if self._gives_up else LONGEST_WAIT)

    def _teller(self, what: str) -> Callable[[RetryCallState], None]:
        def tell(state: RetryCallState) -> None:
            tried = state.attempt_number
            if self._gives_up or tried == 1:
                error = state.outcome.exception() if state.outcome is not None else None
                log.warning("%s, try %d%s: %s", what, tried, f" of {TRIES}" if self._gives_up else "", error)

        return tell
