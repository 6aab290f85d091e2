"""Persist: what a worker knows is written down as soon as the ledger answers again, while its lease lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

T = TypeVar("T")

log = logging.getLogger("phonefleet.persist")

# The ledger is away, full, or cut this connection: it may answer in a moment.
AWAY = (DatabaseError, InterfaceError, PoolTimeout)
# What will be refused again, however often it is tried.
FINAL = (DataError, IntegrityError, ProgrammingError)
PAUSE = 0.1
LONGEST_PAUSE = 1.0


def is_away(error: Exception) -> bool:
    """Does the ledger not answer, so that the same may go well in a moment?"""
    return isinstance(error, AWAY) and not isinstance(error, FINAL)


def persist(what: str, work: Callable[[], T], may_wait: Callable[[], bool]) -> T:
    """Do `work`, again and again while the ledger is away and `may_wait` says so. Raises what `work` raised last."""
    pause = PAUSE
    while True:
        try:
            return work()
        except AWAY as error:
            if not is_away(error) or not may_wait():
                raise
            log.warning("%s waits for the ledger: %s", what, getattr(error, "orig", error))
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
