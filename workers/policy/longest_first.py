"""Decides in which order a customer's last tasks begin: the longest first, so that none is left when phones idle. Pure.

Only the last ones: before, tasks begin in the order in which they were planted. Whoever planted first waits at most as
long as a phone needs for these few.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

LAST = 3  # tasks for each phone: the longest have begun before a phone has done the others

Usual = Mapping[tuple[str, str], float]  # flow and author → seconds


def last_of(slots: int) -> int:
    """Returns how many tasks are the last ones for so many phones."""
    return LAST * slots


def seconds_of(last: Sequence[Any], usual: Usual) -> dict[str, float]:
    """Returns how long each of these tasks takes as a rule; who knows nothing of a task takes it for the longest."""
    return {row.id: usual.get((row.flow, row.author_id or ""), math.inf) for row in last}


def order_of(row: Any, last: Mapping[str, float]) -> tuple[int, float, datetime, int]:
    """Returns the place of a task among those that wait; `last`: the seconds of the last ones."""
    return row.priority, -last.get(row.id, math.inf), row.not_before, row.position
