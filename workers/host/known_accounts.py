"""The accounts of this host's phones as the ledger last had them, and the looks that found them again.

A worker learns from its slot which account it is expected to find. If it does, it notes that in the slot, and the
host tells the ledger with its next report. Whatever else a look finds, the worker itself writes down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.fleet.phones_alive import PhoneNow, SeenAgain
from workers.runtime.account_mark import account_mark
from workers.runtime.slots import Slot

VOID_SECONDS = 10.0  # a note that found no answer for so long is dropped; the phone is asked again

Noted = Mapping[str, SeenAgain]  # by incarnation


class KnownAccounts:
    """Remembers by incarnation the mark and the id that each slot was told."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, str]] = {}

    def noted(self, workers: Sequence[tuple[str, Slot]], now: float) -> Noted:
        """Returns the looks that are to be told with the next report."""
        found: dict[str, SeenAgain] = {}
        for incarnation, slot in workers:
            if (seen := slot.seen_again) is None:
                continue
            (mark, began), (known, account_id) = seen, self._told.get(incarnation, (0, ""))
            if mark == known and now - began <= VOID_SECONDS:
                found[incarnation] = SeenAgain(account_id, began)
            else:
                slot.settle(began)
        return found

    def heard(
        self, workers: Sequence[tuple[str, Slot]], phones: Mapping[str, PhoneNow], told: Noted, asked_at: float
    ) -> None:
        """Passes the ledger's answer on. What it did not answer about stays as it was, and grows old."""
        self._told = {incarnation: self._told[incarnation] for incarnation, _ in workers if incarnation in self._told}
        for incarnation, slot in workers:
            if (phone := phones.get(incarnation)) is None:
                continue
            if phone.paused:
                slot.leave_phone_alone()
                self._told.pop(incarnation, None)
            else:
                account_id = "" if phone.account is None else phone.account[0]
                self._told[incarnation] = (0 if phone.account is None else account_mark(*phone.account), account_id)
                slot.say_phone(self._told[incarnation][0], asked_at)
            if incarnation in told:
                slot.settle(told[incarnation].began)
