"""Transactions: `write` retries after deadlocks, lock time-outs and conflicts; `read` writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.database.error_kinds import asks_to_try_again
from models.transactions.insert_together import send_the_end
from models.transactions.retry import retried
from models.transactions.state_change_capture import ChangeCapturingSession
from models.values.backoff import Backoff

if TYPE_CHECKING:
    from tenacity import Retrying

T = TypeVar("T")

_TRIES = 8
_PAUSES = Backoff(first=0.04, most=2.56)  # doubles up to the last pause
_CHANCE = Random()


def write(
    engine: Engine | Connection,
    work: Callable[[Session], T],
    *,
    sleep: Callable[[float], None] = time.sleep,
    chance: Random = _CHANCE,
) -> T:
    """Runs `work` in one transaction; runs it again from its start when the database asks for a retry.

    Returns the result of `work`, which must have no effect outside its session. Raises its last exception after 8
    tries.
    """

    def once() -> T:
        with ChangeCapturingSession(engine, expire_on_commit=False) as session, session.begin():
            result = work(session)
            send_the_end(session, commits=isinstance(engine, Engine))
            return result

    def policy() -> Retrying:
        # Only here: its import costs a command 30 ms of CPU, and nearly no command needs it.
        from tenacity import Retrying, retry_if_exception, stop_after_attempt  # noqa: PLC0415

        return Retrying(
            retry=retry_if_exception(_asks),
            stop=stop_after_attempt(_TRIES),
            wait=lambda state: _PAUSES.spread(state.attempt_number, chance),
            sleep=sleep,
            reraise=True,
        )

    return retried(policy, once)


def _asks(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and asks_to_try_again(error)


def read(engine: Engine, work: Callable[[Session], T]) -> T:
    """Runs `work` in one transaction that writes nothing. Returns its result."""
    connecting = engine.connect().execution_options(reads_only=True)
    with connecting as connection, Session(connection, expire_on_commit=False) as session:
        return work(session)
