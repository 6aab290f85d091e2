"""Marks phones as silent whose host died or hangs: they take no work until their host reports again.

Tickets in their queues are rung again; tasks that are pinned to them wait, with that reason. A phone that waits for
another host to release its serial is deleted when its own host is silent.
"""

from __future__ import annotations

from sqlalchemy import Engine

from models.fleet.phones import mark_silent
from models.fleet.waiting_phones import drop_silent_rivals


def mark_silent_phones(engine: Engine) -> int:
    """Marks the phones. Returns the number marked."""
    drop_silent_rivals(engine)
    return mark_silent(engine)
