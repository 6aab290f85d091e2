"""Deliver: a ticket names a lane; the worker sends its callbacks one after the other until none is due."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from uuid import uuid4

from celery.signals import worker_shutting_down
from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from gateway.delivery.lane_slots import Slots
from gateway.delivery.pinned_post import NotSent
from gateway.delivery.send import DeliverySettings, send
from gateway.keys.api_keys import Key, find_key
from gateway.keys.master_key import MasterKeyWrong
from models.database.clock import database_now
from models.notify.lanes import leave_lane, settle_try, take_next
from models.notify.sending import Sending, TryResult
from models.transactions.read_write import write
from workers.app import app
from workers.dispatch.messages import DELIVER, MOST_IN_A_LANE
from workers.runtime.db_retry import retry_while_unavailable
from workers.runtime.process_engine import process_engine
from workers.settings import settings

log = logging.getLogger("phonefleet.deliver")

TURN_SECONDS = 20.0  # then the lane yields its thread to the next one
MARGIN = 10.0  # seconds besides the post itself: resolving the name, and two transactions
GATE_SECONDS = 10.0
_stopping = threading.Event()


@worker_shutting_down.connect
def _stop(**_: object) -> None:
    _stopping.set()


@app.task(name=DELIVER, acks_late=False)
def deliver(lane: str) -> int:
    """Serves a lane if a slot is free. Returns the number of tries. The coordinator rings a lane that is not done."""
    with slots().enter(lane) as entered:
        return serve(process_engine(), lane, delivery_settings()) if entered else 0


@cache
def slots() -> Slots:
    """Returns the slots of this process."""
    return Slots(settings().deliveries_at_once)


@cache
def delivery_settings() -> DeliverySettings:
    """Returns the delivery settings of this process."""
    chosen = settings()
    return DeliverySettings(
        chosen.delivery_timeout,
        chosen.delivery_schedule,
        chosen.callback_networks,
        random.Random(),
        chosen.callback_ca,
    )


def serve(engine: Engine, lane: str, config: DeliverySettings, turn: float = TURN_SECONDS) -> int:
    """Sends due callbacks of a lane for up to `turn` seconds. Returns the number of tries.

    One transaction writes the result of a try and takes the next delivery.
    """
    until, token, tried = time.monotonic() + turn, str(uuid4()), 0
    held = _write(engine, partial(_take, lane=lane, token=token, config=config))
    while held is not None:
        began = time.monotonic()
        result = send(held.sending, held.key, config)
        tried += 1
        if not result.arrived:
            log.warning("delivery %s, try %d: %s", held.sending.id, held.sending.attempts + 1, result.error)
        goes_on = time.monotonic() < until and not _stopping.is_set()
        settle = partial(_settle, sending=held.sending, result=result, lane=lane, config=config, goes_on=goes_on)
        held = retry_while_unavailable(
            "a delivery", partial(_write, engine, settle), partial(_may_wait, began + config.timeout + MARGIN)
        )
    return tried


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery that this thread has taken, and its key, or the reason why there is none."""

    sending: Sending
    key: Key | NotSent


def _take(session: Session, lane: str, token: str, config: DeliverySettings) -> Held | None:
    sending = take_next(session, lane, token, database_now(session), config.timeout + MARGIN, MOST_IN_A_LANE)
    if sending is None:
        return None
    try:
        return Held(sending, find_key(session, sending.key_id) or NotSent("key_revoked"))
    except MasterKeyWrong:
        return Held(sending, NotSent("secret_unreadable"))


def _settle(
    session: Session, sending: Sending, result: TryResult, lane: str, config: DeliverySettings, *, goes_on: bool
) -> Held | None:
    settle_try(session, sending, result, database_now(session))
    if goes_on:
        return _take(session, lane, sending.token, config)
    leave_lane(session, lane)
    return None


def _may_wait(until: float) -> bool:
    return time.monotonic() < until


def _write(engine: Engine, work: Callable[[Session], Held | None]) -> Held | None:
    """Writes with a limit on concurrent transactions: many threads deliver, and the ledger is shared."""
    gate = _gate(engine.dialect.name)
    if not gate.acquire(timeout=GATE_SECONDS):
        raise PoolTimeout("the ledger is busy with other deliveries")
    try:
        return write(engine, work)
    finally:
        gate.release()


@cache
def _gate(dialect: str) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(1 if dialect == "sqlite" else 8)
