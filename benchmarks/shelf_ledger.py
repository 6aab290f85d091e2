"""The product over an SQLite ledger in memory: its own statements plant, ring, claim, record, blame and free."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from unittest.mock import patch

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from benchmarks.shelf_clock import Clock, as_the_ledgers
from benchmarks.shelf_day import Day, Job
from benchmarks.shelf_run import DESK, Taken, account_of, serial_of
from models.database.engine import connect
from models.fleet.logins import account_seen
from models.fleet.phones import phone_offline, phone_online
from models.fleet.phones_alive import phones_alive
from models.history.records.fill import fill_records
from models.migrate import upgrade
from models.responsible_use.authors import register_author, set_basis
from models.tables import Campaign, Phone
from models.transactions.read_write import read, write
from workers.attempts.claim import Claim, NotMine, claim
from workers.attempts.outcome import Failed, Outcome, Succeeded
from workers.attempts.record import record
from workers.attempts.rescue import incarnation_died
from workers.canvas.rows import Planted, PlantedRow, Value
from workers.dispatch.ring import mark_rung
from workers.dispatch.tickets import Ticket
from workers.planting.plant import plant_campaign
from workers.runtime.slots import own_slot
from workers.runtime.worker_identity import WorkerIdentity

AUTHOR = "author"  # of directed tasks
LEASE = 1e6  # seconds: no lease runs out in this simulation, and a death is reported
ZONE = "Asia/Shanghai"
LATEST_END = timedelta(hours=24)
APART = 0.001  # seconds between two campaigns, so that their order is given
READS = "collect_titles"  # a reading task's flow decides nothing


class LedgerFleet:
    """The fleet of `shelf_run` that is the product."""

    def __init__(self, engine: Engine, clock: Clock, day: Day) -> None:
        self._engine, self._clock = engine, clock
        self._workers = {DESK: _worker(None, "desk")}
        self._claims: dict[int, Claim] = {}
        self._pool: set[int] | None = None  # that serve it, until something changes that
        self._quarantines: set[datetime] = set()  # their ends
        for author in (AUTHOR, *map(author_of, range(day.phones))):
            register_author(engine, author, author)
            set_basis(engine, author, "owned", who="admin")
        for phone in range(day.phones):
            serial = serial_of(phone)
            worker = self._workers[phone] = _worker(serial, serial)
            phone_online(engine, serial, serial, "shelf", "drawn", worker.incarnation)
            account_seen(engine, serial, account_of(phone), account_of(phone))
        for campaign, jobs in groupby(day.jobs, key=lambda job: job.campaign):
            clock.at = campaign * APART
            write(engine, partial(_plant, campaign=campaign, jobs=list(jobs), seed=day.seed))
        clock.at = 0.0

    def ring(self, task_ids: Sequence[str] | None) -> Sequence[Ticket]:
        while task_ids is None and fill_records(self._engine):
            pass
        return write(self._engine, lambda session: mark_rung(session, task_ids))

    def claim(self, phone: int, ticket: Ticket) -> Taken | Ticket | None:
        got = claim(
            self._engine,
            self._workers[phone],
            ticket.task_id,
            lease=LEASE,
            zone=ZONE,
            step=ticket.priority,
            number=ticket.number,
        )
        if isinstance(got, NotMine):
            return None if got.passed_to is None else passed_on(ticket.task_id, got, got.passed_to)
        self._claims[phone] = got
        return Taken(ticket.task_id)

    def succeed(self, phone: int) -> Sequence[str]:
        done: dict[str, object] | None = {"titles": []} if phone != DESK and self._claims[phone].flow == READS else None
        return self._record(phone, Succeeded(done))

    def fail(self, phone: int, code: str) -> Sequence[str]:
        ready = self._record(phone, Failed(code, "drawn"))
        wanted = select(Phone.quarantined_until).where(Phone.serial == serial_of(phone))
        until = read(self._engine, lambda session: session.scalar(wanted))
        if until is not None:
            self._pool = None
            self._quarantines.add(until)
        return ready

    def _record(self, phone: int, outcome: Outcome) -> Sequence[str]:
        return record(self._engine, self._claims.pop(phone), outcome)

    def die(self, phone: int) -> Sequence[str]:
        self._claims.pop(phone, None)
        self._pool = None
        phone_offline(self._engine, serial_of(phone), "it died")
        return incarnation_died(self._engine, self._workers[phone].incarnation, "its phone died")

    def serve_pool(self) -> set[int]:
        """Asks the ledger as a host does, when the answer may be another one than before."""
        over = {until for until in self._quarantines if until <= self._clock.now}
        if over or self._pool is None:
            self._quarantines -= over
            phones = {worker.incarnation: phone for phone, worker in self._workers.items() if phone != DESK}
            self._pool = {phones[one] for one in phones_alive(self._engine, list(phones)).may_work}
        return set(self._pool)


def passed_on(task_id: str, got: NotMine, serial: str) -> Ticket:
    """Returns the ticket that goes to this phone's queue."""
    return Ticket(task_id, got.flow, f"phone.{serial}", got.priority, number=got.number)


def _worker(serial: str | None, name: str) -> WorkerIdentity:
    return WorkerIdentity(serial, serial or "", 5038, "shelf", f"worker-{name}", own_slot())


def _plant(session: Session, *, campaign: int, jobs: Sequence[Job], seed: int) -> None:
    rows = tuple(map(_row, jobs))
    row = Campaign(id=f"campaign-{campaign}", name="day", asked_by="shelf", seed=seed + campaign, join="all")
    plant_campaign(session, row, Planted(rows, Value(None), ()), LATEST_END)


def _row(job: Job) -> PlantedRow:
    flow, params = params_of(job)
    pin = pin_of(job)
    queue = {} if pin is None else {"queue": f"account.{pin}"}
    return PlantedRow(job.name, flow, (), params, {"priority": job.priority, **queue}, True, job.after)


def pin_of(job: Job) -> str | None:
    """Returns the account that a job is pinned to."""
    return None if job.account is None else account_of(job.account)


def params_of(job: Job) -> tuple[str, Mapping[str, object]]:
    """Returns the flow of a job's task and its parameters."""
    if job.at_desk:
        return job.flow, {}
    if job.flow == "nurture":
        return job.flow, {"video_loop": 1}
    if job.flow == "directed":
        target = {"target_commenter": "somebody", "target_comment": "good"}
        title = f"{job.author} {job.video}"
        return job.flow, {"kind": "like_comment", "author_id": AUTHOR, "title": title, **target}
    return READS, {"author_id": author_of(job.author), "count": 1}


def author_of(number: int) -> str:
    """Returns the author whose content a reading task reads."""
    return f"author{number:05d}"


@contextmanager
def ledger_fleet(day: Day, clock: Clock) -> Iterator[LedgerFleet]:
    """A planted ledger in memory whose clock is the simulated one, and whose chances are the seed's."""
    engine = connect("sqlite://")
    try:
        upgrade(engine)
        with as_the_ledgers(clock), patch("workers.attempts.after_failure.random", random.Random(day.seed)):
            yield LedgerFleet(engine, clock, day)
    finally:
        engine.dispose()
