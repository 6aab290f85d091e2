"""Watches a running flow: stop requests, the lease, the run-time limit, the steps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flows.failures import FlowFailure, Stopped
from workers.runtime.log_context import logged_with
from workers.runtime.slots import Slot, Stop

log = logging.getLogger("phonefleet.step")


class HandBack(Stopped):
    """The worker must end: its task goes back to the fleet, and nothing failed."""


class LeaseRanOut(Stopped):
    """The lease is lost or about to run out: nothing more may touch the phone."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """One step of an attempt: its name, when it began since the attempt did and how long it took, in seconds."""

    name: str
    began: float
    took: float


class SlotWatch:
    """Implements flows.session.Watch by reading shared memory: well under a microsecond."""

    def __init__(self, slot: Slot, soft_limit: float) -> None:
        self._slot = slot
        self._began = time.monotonic()
        self._soft = self._began + soft_limit
        self._soft_limit = soft_limit
        self.current: str | None = None
        self.failed_in: str | None = None
        self.steps: list[StepTime] = []
        self.after_step: Callable[[str], object] | None = None  # called when a step ended well

    def check(self) -> None:
        """Raises LeaseRanOut, HandBack, Stopped or FlowFailure('time_limit')."""
        why = self._slot.stop
        if why & Stop.LEASE:
            raise LeaseRanOut("the lease is lost")
        if why & Stop.DRAIN:
            raise HandBack("the worker ends")
        if why & Stop.TASK:
            raise Stopped("it was asked to leave the phone")
        if time.monotonic() >= self._soft:
            raise FlowFailure("time_limit", f"it ran longer than its soft limit of {self._soft_limit:g} s")

    def check_lease(self) -> None:
        """Raises LeaseRanOut; a stop or a limit does not matter here."""
        if self._slot.stop & Stop.LEASE:
            raise LeaseRanOut("the lease is lost")

    def remaining(self) -> float:
        """Returns the seconds that a call to the phone may take: no longer than lease and hard limit allow."""
        now = time.monotonic()
        hard = self._slot.hard_limit or now + self._soft_limit
        return max(0.0, min(self._slot.lease_until, hard) - now)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Names the step that runs inside the block."""
        before, self.current = self.current, name
        self._slot.at_step(name)
        began = time.monotonic()
        with logged_with(step=name):
            log.debug("the step begins")
            try:
                yield
            except BaseException as error:
                self.failed_in = self.failed_in or name
                log.debug("the step ends with %s: %s", type(error).__name__, error)
                raise
            finally:
                took = time.monotonic() - began
                log.debug("the step took %.3f s", took)
                self.steps.append(StepTime(name, began - self._began, took))
                self.current = before
                self._slot.at_step(before)
        if self.after_step is not None:
            self.after_step(name)
