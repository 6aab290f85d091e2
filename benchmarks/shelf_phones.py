"""The phones of the model: their quarantines, what they run, and what became of their last attempts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Set
from dataclasses import replace
from datetime import datetime

from benchmarks.shelf_clock import Clock
from benchmarks.shelf_run import account_of, serial_of
from models.fleet.online_phones import OnlinePhone
from workers.attempts.quarantine import LAST
from workers.dispatch.routing import WorkingPhones, working_phones
from workers.policy.blame import Try
from workers.policy.eligibility import Candidate
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue


class ModelPhones:
    """The phones: their quarantines, what they run, and what became of their last attempts."""

    def __init__(self, clock: Clock, phones: int) -> None:
        self._clock = clock
        self.until: dict[int, datetime] = {}  # of phones in quarantine, or whose next task is the canary
        self.times: Counter[int] = Counter()
        self.tries: dict[int, deque[Try]] = {}
        self.candidates = {phone: Candidate(serial_of(phone), account_of(phone)) for phone in range(phones)}
        self._of_account = {account_of(phone): phone for phone in range(phones)}
        self._resting: set[int] = set()
        self._working: WorkingPhones | None = None
        self.served: Set[str] = frozenset()  # queues, as of the last look at `working`

    def rests(self, phone: int) -> bool:
        """Returns whether a phone is in quarantine now."""
        return phone in self.until and self.until[phone] > self._clock.now

    def refresh(self) -> None:
        """Takes note of quarantines that began or ended."""
        resting = {phone for phone in self.until if phone in self.candidates and self.rests(phone)}
        for phone in resting ^ self._resting:
            if phone in self.candidates:
                self.candidates[phone] = replace(self.candidates[phone], unfit=phone in resting)
        if resting != self._resting:
            self._resting, self._working = resting, None

    def busy(self, phone: int, *, busy: bool) -> None:
        """Notes whether a phone runs a task."""
        if phone in self.candidates:
            one = self.candidates[phone]
            self.candidates[phone] = Candidate(one.serial, one.account_id, one.resting, one.unfit, busy)

    def gone(self, phone: int) -> None:
        """Forgets a phone that died."""
        del self.candidates[phone]
        self._working = None

    def tried(self, phone: int, one: Try) -> None:
        """Notes the end of an attempt."""
        self.tries.setdefault(phone, deque(maxlen=LAST)).appendleft(one)

    @property
    def working(self) -> WorkingPhones:
        """Returns the phones that work now."""
        self.refresh()
        if self._working is None:
            self._working = working_phones(_online(one) for one in self.candidates.values())
            self.served = {POOL_QUEUE, DESK_QUEUE, *map(phone_queue, self._working.phones)}
        return self._working

    def fit(self) -> set[int]:
        """Returns the phones that are not in quarantine now."""
        self.refresh()
        return self.candidates.keys() - self._resting

    def everyone(self) -> list[Candidate]:
        """Returns the phones that are online, by serial."""
        self.refresh()
        return list(self.candidates.values())

    def of_accounts(self, on: Set[str]) -> list[Candidate]:
        """Returns the phones that are online with these accounts, by serial."""
        self.refresh()
        found = sorted(self._of_account[account] for account in on)
        return [self.candidates[phone] for phone in found if phone in self.candidates]


def _online(one: Candidate) -> OnlinePhone:
    why = "in quarantine" if one.unfit else None
    return OnlinePhone(one.serial, one.serial, False, one.account_id, why, None, one.busy)
