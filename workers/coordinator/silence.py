"""Silence: phones whose host died or hangs take no work, until their host is heard of again.

Tickets that lie in their queues are rung anew; work that is pinned to them waits, and says so.
"""

from __future__ import annotations

from sqlalchemy import Engine

from models.fleet.phones import mark_silent


def mark_silent_phones(engine: Engine) -> int:
    """Mark them; how many."""
    return mark_silent(engine)
