"""Retries a write while the database is unavailable and the worker's lease is valid."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import RetryCallState, Retrying, retry_if_exception

from models.database.error_kinds import is_unavailable
from models.transactions.retry import retried
from models.values.backoff import Backoff
from workers.runtime.outage import OUTAGE

__all__ = ["AWAY", "is_unavailable", "retry_while_unavailable"]

T = TypeVar("T")

log = logging.getLogger("phonefleet.persist")

# What a ledger that is away raises. Not all of these say so: ask `is_unavailable`.
AWAY = (DBAPIError, PoolTimeout)
PAUSES = Backoff(first=0.1, most=1.0)


def retry_while_unavailable(
    what: str,
    work: Callable[[], T],
    may_wait: Callable[[], bool],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Retries `work` while the ledger is away and `may_wait` is true. Raises the last error of `work`."""

    def waits(error: BaseException) -> bool:
        return isinstance(error, AWAY) and OUTAGE.saw(error) and may_wait()

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        log.warning("%s waits for the ledger: %s", what, getattr(error, "orig", error))

    def policy() -> Retrying:
        return Retrying(
            retry=retry_if_exception(waits),  # no number of tries bounds it: `may_wait` does, which is a lease
            wait=lambda state: PAUSES.wait(state.attempt_number),
            before_sleep=tell,
            sleep=sleep,
            reraise=True,
        )

    return retried(policy, work)
