"""Silence: phones whose host died or hangs take no work, until their host is heard of again.

Tickets that lie in their queues are rung anew; work that is pinned to them waits, and says so. A phone that waits for
another host to let go of its serial, and whose own host is silent, waits no more.
"""

from __future__ import annotations

from sqlalchemy import Engine

from models.fleet.phones import mark_silent
from models.fleet.waiting_phones import drop_silent_rivals


def mark_silent_phones(engine: Engine) -> int:
    """Mark them; how many."""
    drop_silent_rivals(engine)
    return mark_silent(engine)
