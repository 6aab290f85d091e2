"""Customers as the ring knows them: whose tasks a key plants, and the weight of each share."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import ApiKey

OPERATOR = ""  # the customer of tasks without a key


class Customers:
    """The customer of each key, and its weight: the largest of its keys'."""

    def __init__(self, session: Session, operator_weight: int) -> None:
        rows = session.execute(select(ApiKey.id, ApiKey.customer, ApiKey.weight)).all()
        self._of = {key_id: f"customer {customer}" for key_id, customer, _ in rows}
        self.weights: dict[str, int] = {OPERATOR: operator_weight}
        for key_id, _, weight in rows:
            self.weights[self._of[key_id]] = max(weight, self.weights.get(self._of[key_id], 0))

    def of(self, key_id: str | None) -> str:
        """Returns the customer of a task with this key."""
        return OPERATOR if key_id is None else self._of.get(key_id, f"customer of {key_id}")
