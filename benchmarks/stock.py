"""Stock Celery on phones: the same flows as tasks, without a ledger. `celery -A benchmarks.stock worker`.

As somebody writes it who knows Celery well: late acknowledgement, rejection when a worker is lost,
a visibility timeout of a minute, nothing prefetched, bounded retries with back-off for whatever is
worth one, time limits, one prefork process a phone, and a journal in Redis so that a retry does
not repeat what was confirmed. What was tapped and not confirmed is tapped again: nothing in Celery
tells an attempt that died from one that runs elsewhere.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery, Task
from celery.exceptions import Ignore, Retry
from celery.signals import worker_process_init
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry as RedisRetry

from benchmarks.stock_canvas import POOL_QUEUE
from benchmarks.stock_journal import RedisJournal, StockWatch
from benchmarks.stock_told import tell
from flows.failures import FlowFailure, Kind
from flows.flow import Flow
from flows.phone import PhoneError
from flows.profile import load_profile
from flows.registry import FLOWS
from flows.session import Session
from workers.phone.phone import U2Phone

REDIS = "BENCH_STOCK_REDIS"
PHONE = "BENCH_STOCK_PHONE"  # JSON: serial, address, adb_port, account; none at the desk
FAILED = "failed"  # the key of a failure that travels as a value
VISIBILITY_SECONDS = 60
RETRIES = 8  # as many attempts as a phonefleet task has
LONGEST_PAUSE = 30.0

SETTINGS: dict[str, Any] = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "broker_transport_options": {
        "visibility_timeout": VISIBILITY_SECONDS,
        "queue_order_strategy": "priority",  # its account's work before the pool's
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    },
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_track_started": True,
    "task_default_queue": POOL_QUEUE,
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
}


def make_app(url: str, backend: str = "") -> Celery:
    """Stock Celery with Redis at `url` as broker and, unless another is named, result backend."""
    made = Celery("stock", broker=url, backend=backend or url, include=["benchmarks.stock_desk"], set_as_current=False)
    made.conf.update(SETTINGS)
    return made


app = make_app(os.environ.get(REDIS, ""))


def _patient_redis(url: str) -> Redis:
    """A client for the journal that outlasts a Redis that is restarted."""
    patience = RedisRetry(ExponentialBackoff(cap=2.0, base=0.1), retries=12)
    return Redis.from_url(url, socket_timeout=10, retry=patience)


class _PhoneConnection:
    """This process's one phone."""

    def __init__(self) -> None:
        self.place: dict[str, Any] = json.loads(os.environ.get(PHONE, '{"serial": null}'))
        self.redis = _patient_redis(os.environ[REDIS]) if REDIS in os.environ else None
        self.ends_at = 0.0
        self._phone: U2Phone | None = None

    def phone(self) -> U2Phone:
        """Connect, once for many tasks. Raises PhoneError."""
        if self._phone is None:
            place = self.place
            self._phone = U2Phone.connect(
                place["address"], place["serial"], place["adb_port"], lambda: max(0.0, self.ends_at - time.monotonic())
            )
        return self._phone

    def close(self) -> None:
        """The next task connects anew."""
        if self._phone is not None:
            self._phone.close()
            self._phone = None


_connection = _PhoneConnection()


@worker_process_init.connect
def _up(**_: object) -> None:
    tell(_connection.place["serial"] or "desk", "up", serial=_connection.place["serial"])


class StockTask(Task):  # type: ignore[misc]
    """A task that tells what becomes of it. `plan_id` is its name, the same through retries and deliveries."""

    def perform(self, plan_id: str, settled: bool, handed_on: Sequence[Any], work: Callable[[], Any]) -> Any:
        """One attempt. Where a chord joins what is settled, a failure is returned: {"failed": why}.

        Raises celery's Retry for what is worth another attempt, and what `work` raised for what is not.
        """
        for value in handed_on:
            if isinstance(value, dict) and FAILED in value:
                return value
        told = {"task": plan_id, "serial": _connection.place["serial"]}
        teller = _connection.place["serial"] or "desk"
        tell(teller, "began", **told)
        try:
            result = work()
        except (Retry, Ignore) as again:
            tell(teller, "succeeded" if isinstance(again, Ignore) else "again", **told)
            raise
        except Exception as error:
            tell(teller, "failed", **told, reason=f"{type(error).__name__}: {error}"[:500])
            if not settled:
                raise
            return {FAILED: str(error)[:500]}
        tell(teller, "succeeded", **told)
        return result


def run_flow(task: StockTask, flow: Flow[Any, Any], plan_id: str, params: dict[str, Any]) -> Any:
    """Run a flow on this process's phone. Raises Retry, FlowFailure, PhoneError."""
    assert _connection.redis is not None
    _connection.ends_at = time.monotonic() + flow.limits.soft
    try:
        session = Session(
            phone=_connection.phone(),
            profile=load_profile(),
            account_id=_connection.place["account"],
            rng=random.Random(f"{plan_id}:{task.request.retries}"),
            journal=RedisJournal(_connection.redis, plan_id),
            watch=StockWatch(),
        )
        return flow.run(session, flow.params_model.model_validate(params)).model_dump(mode="json")
    except PhoneError as error:
        _connection.close()
        raise _again(task, error) from error
    except FlowFailure as error:
        if error.kind is Kind.FATAL:
            raise
        raise _again(task, error) from error


def _again(task: StockTask, error: Exception) -> Exception:
    """Celery's Retry, after an exponential back-off with jitter; the error itself when no retry is left."""
    retries: int = task.request.retries
    if retries >= RETRIES - 1:
        return error
    pause = random.uniform(0.5, 1.0) * min(LONGEST_PAUSE, 2.0**retries)
    again: Exception = task.retry(exc=error, countdown=pause, throw=False)
    return again


def _register(flow: Flow[Any, Any]) -> None:
    @app.task(
        name=flow.name,
        base=StockTask,
        bind=True,
        shared=False,
        max_retries=RETRIES,
        soft_time_limit=flow.limits.soft,
        time_limit=flow.limits.hard,
    )
    def perform(self: StockTask, *handed_on: Any, plan_id: str, settled: bool = False, **params: Any) -> Any:
        def work() -> Any:
            given: dict[str, Any] = {}
            for value in handed_on:
                given.update(value)
            return run_flow(self, flow, plan_id, given | params)

        return self.perform(plan_id, settled, handed_on, work)


for _flow in FLOWS.values():
    _register(_flow)
