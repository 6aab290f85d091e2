"""Where a ticket goes, and how urgent it is: pure decisions from what the ledger says of phones and tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from models.enums import RunsOn
from models.fleet.online_phones import OnlinePhone
from models.tables import Task
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

URGENT_STEP = 0
UNSERVED = {
    True: "no simulated phone works, and it is for those alone",
    False: "only simulated phones work, and those are for a sandbox's tasks alone",
}


@dataclass(frozen=True, slots=True)
class Route:
    """The queue a ticket goes to, or why there is none yet."""

    queue: str | None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class WorkingPhones:
    """The phones that work now, the accounts that do (account → serial), and why others do not."""

    phones: Set[str] = frozenset()
    accounts: Mapping[str, str] = field(default_factory=dict)
    idle_phones: Mapping[str, str] = field(default_factory=dict)
    idle_accounts: Mapping[str, str] = field(default_factory=dict)
    sandboxes: Set[bool] = frozenset()  # is the sandbox served, are real tasks?

    @property
    def unserved(self) -> bool | None:
        """The sort of tasks, sandbox or not, that nobody serves while phones of the other sort work.

        Their tickets would go round among those: each would take them and put them down again.
        """
        return not next(iter(self.sandboxes)) if len(self.sandboxes) == 1 else None


def shelf_of(found: Iterable[OnlinePhone]) -> WorkingPhones:
    """Which of the phones that are online work, and as whom."""
    phones: set[str] = set()
    accounts: dict[str, str] = {}
    idle_phones: dict[str, str] = {}
    idle_accounts: dict[str, str] = {}
    sandboxes: set[bool] = set()
    for seat in found:
        why = seat.unfit or (f"account {seat.account_id} rests: {seat.resting}" if seat.resting else None)
        if why is not None:
            idle_phones[seat.serial] = why
            idle_accounts.update({} if seat.account_id is None else {seat.account_id: why})
            continue
        phones.add(seat.serial)
        sandboxes.add(seat.sandbox)
        accounts.update({} if seat.account_id is None else {seat.account_id: seat.serial})
    return WorkingPhones(phones, accounts, idle_phones, idle_accounts, sandboxes)


def ticket_priority(task: Task) -> int:
    """The priority of a task's ticket: pinned work goes before the pool, and what was begun before what was not."""
    pinned = task.pinned_account is not None or task.pinned_phone is not None
    return URGENT_STEP if pinned or task.attempt else task.priority


def place_for(runs_on: str, pinned_account: str | None, pinned_phone: str | None, shelf: WorkingPhones) -> Route:
    """Where a ticket goes: the desk, the phone that a pin means now, or the pool."""
    if runs_on == RunsOn.DESK:
        return Route(DESK_QUEUE)
    if pinned_phone is not None:
        if pinned_phone in shelf.phones:
            return Route(phone_queue(pinned_phone))
        return Route(None, shelf.idle_phones.get(pinned_phone, f"phone {pinned_phone} is not online"))
    if pinned_account is not None:
        serial = shelf.accounts.get(pinned_account)
        if serial is not None:
            return Route(phone_queue(serial))
        nowhere = f"account {pinned_account} is logged in on no phone that is online"
        return Route(None, shelf.idle_accounts.get(pinned_account, nowhere))
    return Route(POOL_QUEUE)
