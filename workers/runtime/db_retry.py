"""Persist: what a worker knows is written down as soon as the ledger answers again, while its lease lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.backoff import Backoff
from models.database.error_kinds import is_unavailable
from workers.runtime.outage import OUTAGE

__all__ = ["AWAY", "is_unavailable", "retry_while_unavailable"]

T = TypeVar("T")

log = logging.getLogger("phonefleet.persist")

# What a ledger that is away raises. Not all of these say so: ask `is_away`.
AWAY = (DBAPIError, PoolTimeout)
PAUSES = Backoff(first=0.1, most=1.0)


def retry_while_unavailable(what: str, work: Callable[[], T], may_wait: Callable[[], bool]) -> T:
    """Do `work`, again and again while the ledger is away and `may_wait` says so. Raises what `work` raised last."""
    failures = 0
    while True:
        try:
            return work()
        except AWAY as error:
            if not OUTAGE.saw(error) or not may_wait():
                raise
            log.warning("%s waits for the ledger: %s", what, getattr(error, "orig", error))
            failures += 1
            time.sleep(PAUSES.wait(failures))
