"""Once a second: one UPDATE renews the leases of all running tasks of this host, one SELECT reads who is to stop,
and one transaction says that the host is there and reads which phones may take work from the pool.

A renewed lease reaches its worker through its slot, counted from the moment before the ledger was
asked: a lease that cannot be renewed runs out in the slot first and in the ledger afterwards. Slots
of workers without a task are not asked about.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

from workers.host.ledger import Ledger
from workers.host.slots import Slot, SlotState, Stop, safe_until

log = logging.getLogger("phonefleet.leases")

EVERY_SECONDS = 1.0
ALIVE_SECONDS = 1.0  # a coordinator takes phones for silent after 4
STARTING_SECONDS = 60.0

Worker = tuple[str, Slot]  # incarnation and slot


def renew(ledger: Ledger, workers: Sequence[Worker], lease: float) -> None:
    """Renew the leases of the running tasks by `lease` seconds, and pass on what the ledger says about them."""
    running = {incarnation: slot for incarnation, slot in workers if slot.state is SlotState.RUNNING}
    if not running:
        return
    turns = {incarnation: slot.turn for incarnation, slot in running.items()}
    asked_at = time.monotonic()
    held = ledger.renew_leases(list(running), lease)
    for incarnation, slot in running.items():
        if incarnation not in held:
            slot.ask(Stop.LEASE, turns[incarnation])
        elif held[incarnation] == slot.task_id:
            slot.extend(safe_until(asked_at, lease))
    for incarnation in ledger.stop_requests(list(running)):
        if incarnation in running:
            running[incarnation].ask(Stop.TASK, turns[incarnation])


def tell_alive(ledger: Ledger, workers: Sequence[Worker]) -> None:
    """Say that this host is there; workers whose phone may not take work from the pool leave it."""
    may_take = ledger.phones_alive([incarnation for incarnation, _ in workers])
    for incarnation, slot in workers:
        slot.let_into_pool(incarnation in may_take)


def overrun(slot: Slot, began: float, now: float) -> str | None:
    """Why the worker that was forked at `began` must be killed, if it must (monotonic seconds)."""
    state, turn, limit = slot.state, slot.turn, slot.hard_limit
    if state is SlotState.RUNNING and 0 < limit <= now and slot.turn == turn:
        return "its task ran past the hard limit"
    if state is SlotState.EMPTY and now - began > STARTING_SECONDS:
        return f"it did not begin to consume within {STARTING_SECONDS:g} s"
    return None


class LeaseKeeper:
    """Renews on a thread of its own. A ledger that does not answer lets the leases run out, in the slots first."""

    def __init__(self, ledger: Ledger, workers: Callable[[], Sequence[Worker]], lease: float) -> None:
        self._ledger = ledger
        self._workers = workers
        self._lease = lease
        self._ended = Event()
        self._thread = Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Stop renewing; waits at most `seconds` for a renewal under way."""
        self._ended.set()
        self._thread.join(seconds)

    def _keep(self) -> None:
        alive_at = 0.0
        while not self._ended.wait(EVERY_SECONDS):
            try:
                renew(self._ledger, self._workers(), self._lease)
                if time.monotonic() >= alive_at:
                    tell_alive(self._ledger, self._workers())
                    alive_at = time.monotonic() + ALIVE_SECONDS
            except Exception as error:  # noqa: BLE001  # a driver's own errors have no common base
                log.warning("leases not renewed: %s", error)
