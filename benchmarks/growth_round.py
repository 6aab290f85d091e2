"""One round of a fleet's work in one ledger, each step by the product's own function, timed.

A customer's campaign is planted, rung, claimed by phones' workers, its acts declared and confirmed, and recorded; while
it runs, every janitor of the coordinator works once, and people look at status and lists.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, TypeVar

from celery import group
from redis import Redis
from rich.console import Console
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benchmarks.lists import KEYS
from flows.action import Action, ActionKind
from gateway.access.caller import Caller
from gateway.api.pages import TaskFilter, campaigns_page, tasks_page
from gateway.console.live.overview import overview
from gateway.keys.api_keys import Key
from models.database.base import new_id
from models.fleet.phones_alive import phones_alive
from models.history.records.filters import RecordFilter
from models.history.records.read import records_page
from models.tables import Campaign
from models.transactions.read_write import read, write
from scripts.commands import status
from tests.support.ledger.drive import AUTHOR, ZONE, compiled, deliver, like, online_worker, ready, rung_now, titles
from workers.attempts.claim import Claim
from workers.attempts.outcome import Succeeded
from workers.attempts.record import record
from workers.coordinator.loop import Janitor, janitors
from workers.coordinator.lost_tickets import restore_after_emptying
from workers.dispatch.ring import ring_ready
from workers.dispatch.tickets import list_keys
from workers.execution.ledger_journal import LedgerJournal
from workers.planting.plant import LATEST_END, plant_campaign
from workers.runtime.broker import Broker
from workers.runtime.worker_identity import POOL_QUEUE, WorkerIdentity, phone_queue

PHONES = 20
READING, ACTING = 12, 8  # tasks of one campaign
HOURS = 24  # of the overview

T = TypeVar("T")


class Meter:
    """Times what runs, and counts the rows that the server reads for it."""

    def __init__(self, engine: Engine) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.rows: dict[str, list[int]] = {}
        self.counts = False
        self._connection = engine.connect()
        self._own = 0
        self._own = -self._read() + self._read()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Times the block, or counts its rows: to ask the server for its counters takes time."""
        before, began = self._read() if self.counts else 0, time.perf_counter()
        yield
        took = time.perf_counter() - began
        if self.counts:
            self.rows.setdefault(name, []).append(self._read() - before - self._own)
        else:
            self.seconds.setdefault(name, []).append(took)

    def forget(self) -> None:
        """Drops what was measured so far: it found nothing in memory."""
        self.seconds.clear()

    def close(self) -> None:
        self._connection.close()

    def _read(self) -> int:
        found = self._connection.execute(text("SHOW GLOBAL STATUS LIKE 'Handler_read%'")).all()
        return sum(int(value) for _, value in found)


@dataclass(slots=True)
class Fleet:
    """The phones of one ledger, and its coordinator's janitors."""

    engine: Engine
    redis: Redis
    meter: Meter
    carrier: Broker
    workers: list[WorkerIdentity] = field(default_factory=list)
    jobs: list[Janitor] = field(default_factory=list)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.workers = [online_worker(self.engine, f"SIM{n:04}", f"acc{n:04}") for n in range(PHONES)]
        restore_after_emptying(self.engine, self.redis)  # a new Redis counts as one that was emptied
        self.jobs = janitors(self.engine, self.redis, self.carrier)

    def work(self) -> None:
        """One round."""
        self.rounds += 1
        campaign_id = new_id()
        with self.meter.of("plant 20 tasks"):
            self._plant(campaign_id)
        self._report()
        with self.meter.of("dispatch 20 tasks"):
            rung = ring_ready(self.engine)
        if rung < READING + ACTING:
            raise RuntimeError(f"{rung} of {READING + ACTING} tasks were rung")
        ids = ready(self.engine, campaign_id)
        first = [self._claim(task_id, worker) for task_id, worker in zip(ids[:READING], self.workers, strict=False)]
        self._janitors()
        self._look(campaign_id)
        for got in first:
            self._record("record", got, {"titles": [], "complete": True})
        for number, task_id in enumerate(ids[READING:]):
            self._act(task_id, number)
        self._clear_queues()

    def _plant(self, campaign_id: str) -> None:
        acts = [
            like(f"标题 {campaign_id} {n}", "小红", "好看", queue=f"account.{self._actor(n)}") for n in range(ACTING)
        ]
        planted = compiled(group([*(titles() for _ in range(READING)), *acts]))

        def work(session: Session) -> None:
            campaign = Campaign(
                id=campaign_id, name="bench", asked_by="acme", seed=1, join="settled", sandbox=False, key_id=KEYS[0]
            )
            plant_campaign(session, campaign, planted, LATEST_END)

        write(self.engine, work)

    def _actor(self, number: int) -> str:
        return f"acc{self._place(number):04}"

    def _place(self, number: int) -> int:
        return (self.rounds * ACTING + number) % PHONES

    def _report(self) -> None:
        """The host says that its workers live, as it does each second."""
        phones_alive(self.engine, [worker.incarnation for worker in self.workers])

    def _claim(self, task_id: str, worker: WorkerIdentity, name: str = "claim") -> Claim:
        number = rung_now(self.engine, task_id)
        with self.meter.of(name):
            got = deliver(self.engine, task_id, worker, number)
        if isinstance(got, Claim):
            return got
        raise LookupError(f"{name}: {got.why}")

    def _record(self, name: str, got: Claim, result: Mapping[str, Any]) -> None:
        with self.meter.of(name):
            record(self.engine, got, Succeeded(result))

    def _act(self, task_id: str, number: int) -> None:
        """An acting task: the caps are read when it is claimed, and again at its point of no return."""
        self._report()
        got = self._claim(task_id, self.workers[self._place(number)], "claim, caps")
        journal = LedgerJournal(self.engine, got, ZONE)
        action = Action(ActionKind.LIKE_COMMENT, AUTHOR, got.kwargs["title"], "小红", "好看")
        with self.meter.of("declare an act, caps"):
            act = journal.declare(action)
        with self.meter.of("confirm an act"):
            journal.confirm(act, verified=True)
        self._record("record, acted", got, {"kind": "like_comment"})

    def _janitors(self) -> None:
        for job in self.jobs:
            self._report()
            with self.meter.of(f"janitor {job.name}"):
                job.work()

    def _look(self, campaign_id: str) -> None:
        """People look."""
        caller = Caller(Key(KEYS[0], "n", "acme", False, (), 10.0, 1000, 3, False, ()), KEYS, "req")
        pages: Mapping[str, Callable[[Session], object]] = {
            "status of a campaign": lambda s: status._page(s, campaign_id)(s, Console(file=StringIO())),
            "status --list": lambda s: status._list(s, Console(file=StringIO())),
            "overview of the console": lambda s: overview(s, HOURS, None),
            "list tasks": lambda s: tasks_page(s, caller, TaskFilter(), None, 50),
            "list failed tasks": lambda s: tasks_page(s, caller, TaskFilter(state="failed"), None, 50),
            "list an account's tasks": lambda s: tasks_page(s, caller, TaskFilter(account="acc0007"), None, 50),
            "list campaigns": lambda s: campaigns_page(s, caller, None, None, None, 50),
            "list records": lambda s: records_page(s, RecordFilter(), None, 50),
            "list a phone's records": lambda s: records_page(s, RecordFilter(phone="SIM0007"), None, 50),
        }
        for name, page in pages.items():
            with self.meter.of(name):
                read(self.engine, page)

    def _clear_queues(self) -> None:
        """Nobody fetches the messages: deliver() stands for a worker that does."""
        queues = (POOL_QUEUE, *(phone_queue(str(worker.serial)) for worker in self.workers))
        self.redis.delete(*(key for queue in queues for key in list_keys(queue)))
