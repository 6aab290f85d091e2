"""Pins: the account or phone that a row names as its queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.canvas.rows import PlantedRow

PHONE, ACCOUNT = "phone.", "account."


@dataclass(frozen=True, slots=True)
class Pin:
    """The account or phone that a task is pinned to, if any."""

    account: str | None = None
    phone: str | None = None


def pin_of(row: PlantedRow) -> Pin:
    """Returns the pin of the row's queue, `account.ID` or `phone.SERIAL`; the pool and the desk pin nothing."""
    queue = str(row.options.get("queue") or "")
    if queue.startswith(ACCOUNT):
        return Pin(account=queue.removeprefix(ACCOUNT))
    if queue.startswith(PHONE):
        return Pin(phone=queue.removeprefix(PHONE))
    return Pin()


def count_pinned(rows: Sequence[PlantedRow]) -> int:
    """Returns the number of rows with a pin."""
    return sum(pin_of(row) != Pin() for row in rows)
