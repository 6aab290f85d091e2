"""Customers as the ring knows them: whose tasks a key plants, and the weight of each share."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import ApiKey
from workers.dispatch.routing import WorkingPhones

OPERATOR = ""  # the customer of tasks without a key


class Customers:
    """The customer of each key, and its weight: the largest of its keys'."""

    def __init__(self, keys: Iterable[tuple[str, str, int]], operator_weight: int) -> None:
        """`keys`: each key with its customer and weight."""
        known = list(keys)
        self._names = {key_id: customer for key_id, customer, _ in known}
        self._of = {key_id: f"customer {customer}" for key_id, customer in self._names.items()}
        self.weights: dict[str, int] = {OPERATOR: operator_weight}
        for key_id, _, weight in known:
            self.weights[self._of[key_id]] = max(weight, self.weights.get(self._of[key_id], 0))

    def of(self, key_id: str | None) -> str:
        """Returns the customer of a task with this key."""
        return OPERATOR if key_id is None else self._of.get(key_id, f"customer of {key_id}")

    def keeps_off(self, key_id: str | None, paused_for: Collection[str]) -> bool:
        """Returns whether the customer of this key is among those that keep their tasks off a phone."""
        return key_id is not None and self._names.get(key_id) in paused_for

    def keeps_off_all(self, key_id: str | None, working: WorkingPhones, *, sandbox: bool) -> bool:
        """Returns whether a customer keeps its tasks off every phone of a sort that works: each ticket is in vain."""
        serials, paused = working.of_sort(sandbox=sandbox), working.paused_for
        if len(paused) < len(serials):  # asked for each of a thousand tasks that wait, of a fleet of thousands
            return False
        return bool(serials) and all(self.keeps_off(key_id, paused.get(serial, ())) for serial in serials)

    def keys_of(self, customers: Collection[str]) -> list[str]:
        """Returns the keys of these customers."""
        return [key_id for key_id, customer in self._names.items() if customer in customers]


def read_customers(session: Session, operator_weight: int) -> Customers:
    """Reads the customers of all keys from the ledger."""
    rows = session.execute(select(ApiKey.id, ApiKey.customer, ApiKey.weight))
    return Customers([(key_id, customer, weight) for key_id, customer, weight in rows], operator_weight)
