"""Routes tickets: decides a ticket's queue and priority from the phones' and the task's rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from models.fleet.online_phones import OnlinePhone
from models.tables import Task
from models.values.enums import RunsOn
from workers.runtime.worker_identity import DESK_QUEUE, POOL_QUEUE, phone_queue

URGENT_STEP = 0
URGENT = 2  # priorities up to this one are urgent
UNSERVED = {
    True: "no simulated phone works, and it is for those alone",
    False: "only simulated phones work, and those are for a sandbox's tasks alone",
}


@dataclass(frozen=True, slots=True)
class Route:
    """The queue that a ticket goes to, or the reason why there is none yet."""

    queue: str | None
    waits_for: str | None = None


@dataclass(frozen=True)
class WorkingPhones:
    """The phones that work now, their accounts (account → serial), and why the others do not work."""

    phones: Set[str] = frozenset()
    accounts: Mapping[str, str] = field(default_factory=dict)
    idle_phones: Mapping[str, str] = field(default_factory=dict)
    idle_accounts: Mapping[str, str] = field(default_factory=dict)
    sorts: Mapping[str, bool] = field(default_factory=dict)  # of each phone that works: is it simulated?
    # phones that work, and that customers keep their own tasks off: serial → customers
    paused_for: Mapping[str, Set[str]] = field(default_factory=dict)

    @cached_property
    def _of_sorts(self) -> Mapping[bool, Set[str]]:
        found: dict[bool, set[str]] = {}
        for serial, sandbox in self.sorts.items():
            found.setdefault(sandbox, set()).add(serial)
        return found

    @property
    def sandboxes(self) -> Set[bool]:
        """Returns the sorts of phones that work."""
        return self._of_sorts.keys()

    def of_sort(self, *, sandbox: bool) -> Set[str]:
        """Returns the phones of this sort that work."""
        return self._of_sorts.get(sandbox, frozenset())

    def place_of(self, pinned_account: str | None, pinned_phone: str | None) -> str | None:
        """Returns the serial of the working phone that a pin means; None when there is none."""
        if pinned_phone is not None:
            return pinned_phone if pinned_phone in self.phones else None
        return None if pinned_account is None else self.accounts.get(pinned_account)

    @property
    def unserved(self) -> bool | None:
        """Returns the sort of tasks, sandbox or not, that nobody serves while phones of the other sort work.

        Their tickets would go round among those: each would take them and put them down again.
        """
        return not next(iter(self.sandboxes)) if len(self.sandboxes) == 1 else None


def working_phones(found: Iterable[OnlinePhone]) -> WorkingPhones:
    """Returns the online phones that work, with their accounts, and the reasons of those that do not."""
    phones: set[str] = set()
    accounts: dict[str, str] = {}
    idle_phones: dict[str, str] = {}
    idle_accounts: dict[str, str] = {}
    sorts: dict[str, bool] = {}
    paused: dict[str, Set[str]] = {}
    for phone in found:
        why = phone.unfit or (f"account {phone.account_id} rests: {phone.resting}" if phone.resting else None)
        if why is not None:
            idle_phones[phone.serial] = why
            idle_accounts.update({} if phone.account_id is None else {phone.account_id: why})
            continue
        phones.add(phone.serial)
        sorts[phone.serial] = phone.sandbox
        if phone.paused_for:
            paused[phone.serial] = phone.paused_for
        accounts.update({} if phone.account_id is None else {phone.account_id: phone.serial})
    return WorkingPhones(phones, accounts, idle_phones, idle_accounts, sorts, paused)


def ticket_priority(task: Task) -> int:
    """Returns the priority of a task's ticket: pinned tasks go before the pool's, begun tasks before new ones."""
    pinned = task.pinned_account is not None or task.pinned_phone is not None
    return URGENT_STEP if pinned or task.attempt or task.priority <= URGENT else task.priority


def route_for(runs_on: str, pinned_account: str | None, pinned_phone: str | None, working: WorkingPhones) -> Route:
    """Returns the route of a ticket: to the desk, to the phone of its pin, or to the pool."""
    if runs_on == RunsOn.DESK:
        return Route(DESK_QUEUE)
    if pinned_phone is not None:
        if pinned_phone in working.phones:
            return Route(phone_queue(pinned_phone))
        return Route(None, working.idle_phones.get(pinned_phone, f"phone {pinned_phone} is not online"))
    if pinned_account is not None:
        serial = working.accounts.get(pinned_account)
        if serial is not None:
            return Route(phone_queue(serial))
        nowhere = f"account {pinned_account} is logged in on no phone that is online"
        return Route(None, working.idle_accounts.get(pinned_account, nowhere))
    return Route(POOL_QUEUE)
