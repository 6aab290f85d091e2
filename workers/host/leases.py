"""Once a second one UPDATE renews the leases of all running tasks of this host, and one transaction says that
the host is there and reads which phones may take work from the pool; twice a second one SELECT reads who is
to leave its task: it is to stop or was paused, or its phone was.

A renewed lease reaches its worker through its slot, counted from the moment before the ledger was
asked: a lease that cannot be renewed runs out in the slot first and in the ledger afterwards. Slots
of workers without a task are not asked about.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event, Thread

from models.database.engine import FLEET, Patience
from workers.host.host_ledger import Ledger
from workers.host.known_accounts import KnownAccounts
from workers.runtime.slots import Slot, SlotState, Stop, safe_until

log = logging.getLogger("phonefleet.leases")

ASK_SECONDS = 0.5  # between two looks at who is to leave
RENEW_SECONDS = 1.0
ALIVE_SECONDS = 1.2  # two statements for all phones of the host; a coordinator takes phones for silent after 4
STARTING_SECONDS = 60.0
# A worker that was asked to leave has a call to its phone under way (a dump takes 1 to 3 s on a slow phone), learns
# what came of an action (some 5 s), goes home and records: so long it may take at most.
LEAVE_SECONDS = 10.0
SILENT_SECONDS = 3.0  # between two answers of the ledger: then the time to leave begins anew

Worker = tuple[str, Slot]  # incarnation and slot


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to leave the task of this turn: the times of the ledger's first and last answer that said so.

    While the ledger does not answer, a worker cannot write down what came of its task: that time is not held
    against it, and afterwards it has its whole time again.
    """

    turn: int
    since: float
    last: float

    def again(self, turn: int, now: float) -> Asked:
        """Notes that the ledger repeats the request."""
        goes_on = turn == self.turn and now - self.last <= SILENT_SECONDS
        return Asked(turn, self.since if goes_on else now, now)


def renew(ledger: Ledger, workers: Sequence[Worker], lease: float) -> None:
    """Renews the leases of the running tasks by `lease` seconds; tells a worker that lost its lease."""
    running = _running(workers)
    if not running:
        return
    asked_at = time.monotonic()
    steps = {task_id: slot.step for slot, _, task_id in running.values()}
    renewed = ledger.renew_leases(_tasks(running), lease, steps)
    for incarnation, (slot, turn, task_id) in running.items():
        if incarnation in renewed.busy:
            continue
        if incarnation not in renewed.held:
            slot.ask(Stop.LEASE, turn)
        elif slot.running == (turn, task_id):
            slot.extend(safe_until(asked_at, lease))


def patience_for(lease: float) -> Patience:
    """Returns how long a renewal waits for the ledger: half the lease, which leaves time for a second connection."""
    return replace(FLEET, answer=min(FLEET.answer, max(1, int(lease / 2))), lock=1)


def tell_alive(ledger: Ledger, workers: Sequence[Worker], accounts: KnownAccounts) -> None:
    """Reports this host as alive, and the accounts that were found again.

    Workers whose phone may not take work from the pool leave the pool.
    """
    asked_at = time.monotonic()
    told = accounts.noted(workers, asked_at)
    alive = ledger.phones_alive([incarnation for incarnation, _ in workers], told)
    for incarnation, slot in workers:
        slot.open_pool(incarnation in alive.may_work)
    accounts.heard(workers, alive.phones, told, asked_at)


def ask_to_leave(ledger: Ledger, workers: Sequence[Worker], before: Mapping[str, Asked]) -> dict[str, Asked]:
    """Asks workers to leave a running task that shall not go on. Returns the requests, by incarnation.

    `before` is what the last look returned.
    """
    running = _running(workers)
    if not running:
        return {}
    asked: dict[str, Asked] = {}
    for incarnation in ledger.stop_requests(_tasks(running)) & running.keys():
        slot, turn, _ = running[incarnation]
        now, known = time.monotonic(), before.get(incarnation)
        slot.ask(Stop.TASK, turn)
        asked[incarnation] = Asked(turn, now, now) if known is None else known.again(turn, now)
    return asked


def _running(workers: Sequence[Worker]) -> dict[str, tuple[Slot, int, str]]:
    """Returns, by incarnation, the slot, the turn and the running task."""
    return {incarnation: (slot, *runs) for incarnation, slot in workers if (runs := slot.running) is not None}


def _tasks(running: Mapping[str, tuple[Slot, int, str]]) -> dict[str, str]:
    return {incarnation: task_id for incarnation, (_, _, task_id) in running.items()}


def overrun(slot: Slot, began: float, now: float, asked: Asked | None = None) -> str | None:
    """Returns why the worker forked at `began` (monotonic seconds) must be killed; None when it must not."""
    state, turn, limit = slot.state, slot.turn, slot.hard_limit
    if state is SlotState.RUNNING and 0 < limit <= now and slot.turn == turn:
        return "its task ran past the hard limit"
    ignored = asked is not None and asked.turn == turn and asked.last - asked.since > LEAVE_SECONDS
    if state is SlotState.RUNNING and ignored:
        return f"it was asked to leave its task, and had not after {LEAVE_SECONDS:g} s"
    if state is SlotState.EMPTY and now - began > STARTING_SECONDS:
        return f"it did not begin to consume within {STARTING_SECONDS:g} s"
    return None


class LeaseKeeper:
    """Renews on a thread of its own. A ledger that does not answer lets the leases run out, in the slots first.

    Another thread says that the host is there: it waits where a phone's row is locked, and leases must not.
    """

    def __init__(
        self,
        ledger: Ledger,
        workers: Callable[[], Sequence[Worker]],
        lease: float,
        report: Callable[[], None] = lambda: None,
        *,
        phones: Callable[[], Sequence[Worker]] | None = None,
    ) -> None:
        """`report` is called as often as the host says that it is there; it may raise the driver's errors.

        `phones`: the workers that have one (None: all). The ledger has no row of others, and would look for them.
        """
        self._ledger = ledger
        self._report = report
        self._workers = workers
        self._lease = lease
        self._asked: Mapping[str, Asked] = {}
        self._accounts = KnownAccounts()
        self._phones = workers if phones is None else phones
        self._renew_at = 0.0
        self._ended = Event()
        self._threads = [
            Thread(target=self._repeat, args=args, name=args[0], daemon=True)
            for args in (("leases", self._keep, ASK_SECONDS), ("alive", self._tell, ALIVE_SECONDS))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def asked(self, incarnation: str) -> Asked | None:
        """Returns the request to this worker to leave its task, if any. Any thread may call it."""
        return self._asked.get(incarnation)

    def close(self, seconds: float) -> None:
        """Stops renewing, if it began; waits at most `seconds` for a renewal under way."""
        self._ended.set()
        until = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:  # a host that never came up has not started it
                thread.join(max(0.0, until - time.monotonic()))

    def _repeat(self, name: str, work: Callable[[], None], every: float) -> None:
        while not self._ended.wait(every):
            try:
                work()
            except Exception as error:  # noqa: BLE001  # a driver's own errors have no common base
                log.warning("%s: the ledger was not reached: %s", name, error)

    def _keep(self) -> None:
        if time.monotonic() >= self._renew_at:
            self._renew_at = time.monotonic() + RENEW_SECONDS - ASK_SECONDS / 2  # with every second look
            renew(self._ledger, self._workers(), self._lease)
        self._asked = ask_to_leave(self._ledger, self._workers(), self._asked)

    def _tell(self) -> None:
        tell_alive(self._ledger, self._phones(), self._accounts)
        self._report()
