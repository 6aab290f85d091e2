"""A worker at the desk goes on with its next ticket: each task runs once, whatever becomes of the next one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import MySQLdb
import pytest
from celery import chain, group
from celery.canvas import Signature
from celery.states import SUCCESS
from celery.worker import state
from redis import Redis
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from models.tables import Attempt, Campaign, Task
from models.tasks.states import State
from models.transactions.read_write import read, write
from tests.support.canvas.tasks import digest
from tests.support.ledger.drive import (
    app,
    attempts,
    change,
    desk_worker,
    fail,
    gather,
    online_worker,
    past,
    plant,
    queued,
    ready,
    rows_in,
    task,
    work,
)
from workers.attempts import record
from workers.attempts.rescue import incarnation_died
from workers.control.stop import stop_task
from workers.desk import Desk
from workers.dispatch.celery_state import TicketOutcome
from workers.dispatch.next_ticket import NextTicket
from workers.dispatch.ring import ring_ready
from workers.dispatch.tickets import list_keys
from workers.execution import onward as going_on
from workers.execution import run
from workers.execution import worker as of_process
from workers.execution.onward import Pace
from workers.execution.perform import perform
from workers.execution.register import desk_task
from workers.execution.ticket_events import TicketEvents
from workers.execution.worker import Worker
from workers.runtime.slots import Stop
from workers.runtime.worker_identity import DESK_QUEUE
from workers.settings import settings


@desk_task
def grow_ahead(_desk: Desk) -> Signature:
    """Put two tasks in this one's place."""
    return group(work(1), work(2))


@app.task(name="grow_ahead", shared=False)
def _grow() -> None:
    """Celery's side of it, for signatures."""


@dataclass
class Told:
    """Stands for a consumer's dispatcher: what would go to Flower."""

    events: list[tuple[str, str]] = field(default_factory=list)

    def send(self, kind: str, *, uuid: str, **fields: Any) -> None:
        self.events.append((kind, uuid))


@dataclass
class Process:
    """A worker at the desk, its events, and the ledger and Redis that it works with."""

    worker: Worker
    told: Told
    ledger: Engine
    redis: Redis

    def plant(self, *signatures: Signature) -> list[str]:
        """Plant these side by side, and ring them; the ids of those that are ready."""
        ids = ready(self.ledger, plant(self.ledger, group(signatures)))
        ring_ready(self.ledger)
        return ids

    def plant_of_many(self, *signatures: Signature) -> list[str]:
        """As `plant`, in a campaign that goes on: a task of it is not due yet."""
        later = app.signature("work", args=("later",), countdown=3600)
        ids = ready(self.ledger, plant(self.ledger, group(*signatures, later)))
        ring_ready(self.ledger)
        return ids[: len(signatures)]

    def commits(self, task_id: str) -> int:
        """Run the ticket; how many transactions were committed."""
        seen: list[object] = []
        count = seen.append
        event.listen(self.ledger, "commit", count)
        self.deliver(task_id)
        event.remove(self.ledger, "commit", count)
        return len(seen)

    def deliver(self, task_id: str) -> TicketOutcome:
        """Run the ticket as Celery does once it took it."""
        assert self.worker.tickets is not None
        (taken,) = self.worker.tickets.take(1)
        assert taken.task_id == task_id
        return run.run_ticket(task_id, taken.step, taken.number)

    def outcomes(self, ids: Sequence[str]) -> list[list[str | None]]:
        """The outcomes of each task's attempts."""
        return [[one.outcome for one in attempts(self.ledger, task_id)] for task_id in ids]


def outcome_of_campaign(ledger: Engine, task_id: str) -> str | None:
    """How the campaign of a task ended; None while it is open."""
    return read(ledger, lambda session: session.get_one(Campaign, session.get_one(Task, task_id).campaign_id).outcome)


@pytest.fixture(params=[1, 2, 10])
def process(request: pytest.FixtureRequest, ledger: Engine, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Process:
    """A worker that takes so many tickets at once, and may go on for as long as a slow machine needs."""
    monkeypatch.setattr(going_on, "SECONDS", 600.0)
    monkeypatch.setattr(going_on, "AT_ONCE", request.param)
    monkeypatch.setattr(going_on, "AT_ONCE_SECONDS", 600.0)
    pace = Pace()
    for module in (going_on, run):
        monkeypatch.setattr(module, "PACE", pace)
    for name in ("work", "fail", "echo", "grow_ahead"):
        pace.note(name, 0.0)
    told = Told()
    events = TicketEvents()
    events.dispatcher = told
    tickets = NextTicket(redis, DESK_QUEUE, lambda _: True)
    worker = replace(Worker.of(desk_worker(), ledger, settings()), tickets=tickets, events=events)
    monkeypatch.setattr(of_process, "_this", [worker])
    return Process(worker, told, ledger, redis)


def test_it_works_off_what_is_in_its_queue(process: Process) -> None:
    ids = process.plant(*(work(number) for number in range(5)))
    assert process.deliver(ids[0]) == TicketOutcome(SUCCESS, "succeeded")
    assert process.outcomes(ids) == [["succeeded"]] * 5
    assert queued(process.redis, DESK_QUEUE) == set()
    told = [(kind, uuid) for uuid in ids[1:] for kind in ("task-received", "task-started", "task-succeeded")]
    assert sorted(process.told.events) == sorted(told)
    for task_id in ids[1:]:
        assert [one for one in process.told.events if one[1] == task_id] == [one for one in told if one[1] == task_id]
    assert process.worker.identity.slot.running is None


@pytest.mark.parametrize("goes_on", [True, False], ids=["campaign goes on", "campaign ends"])
def test_a_record_and_the_claims_after_it_are_one_transaction(process: Process, goes_on: bool) -> None:
    wanted = [work(number) for number in range(22)]
    ids = process.plant_of_many(*wanted) if goes_on else process.plant(*wanted)
    commits = process.commits(ids[0])
    assert process.outcomes(ids) == [["succeeded"]] * 22
    assert [task(process.ledger, one).result for one in ids] == [digest(number) for number in range(22)]
    rounds = {1: 21, 2: 11, 10: 3}[going_on.AT_ONCE]
    assert commits == 2 + rounds  # a claim, the record of the first, and those of the others
    assert outcome_of_campaign(process.ledger, ids[0]) == (None if goes_on else "succeeded")


@pytest.mark.parametrize("place", range(4))
def test_one_of_many_that_fails_leaves_the_others_done(process: Process, place: int) -> None:
    wanted = [work(number) for number in range(5)]
    wanted[place + 1] = fail()
    ids = process.plant_of_many(*wanted)
    process.deliver(ids[0])
    while (left := queued(process.redis, DESK_QUEUE)) and left & set(ids):
        process.deliver(next(one for one in ids if one in left))
    expected = [["succeeded"]] * 5
    expected[place + 1] = ["failed"]
    assert process.outcomes(ids) == expected


def test_one_of_many_that_lost_its_lease_leaves_the_others_done(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = process.plant_of_many(*(work(number) for number in range(5)))

    def slow(attempt: Any) -> Any:
        outcome = perform(attempt)
        if attempt.claim.fence.task_id == ids[2]:
            change(process.ledger, ids[2], lease_until=past(process.ledger))
        return outcome

    monkeypatch.setattr(run, "perform", slow)
    process.deliver(ids[0])
    while (left := queued(process.redis, DESK_QUEUE)) and left & set(ids):
        process.deliver(next(one for one in ids if one in left))
    assert process.outcomes(ids) == [["succeeded"], ["succeeded"], [None], ["succeeded"], ["succeeded"]]


def test_a_second_ticket_of_a_task_runs_nothing(process: Process) -> None:
    ids = process.plant_of_many(work(1), work(2), work(3))
    (second, *_) = [raw for raw in process.redis.lrange(list_keys(DESK_QUEUE)[3], 0, -1) if ids[1].encode() in raw]
    process.redis.lpush(list_keys(DESK_QUEUE)[3], second)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"]] * 3


def test_what_follows_a_task_is_rung(process: Process) -> None:
    (first,) = process.plant(chain(work(1), gather()))
    process.deliver(first)
    (second,) = ready(process.ledger, task(process.ledger, first).campaign_id)
    assert queued(process.redis, DESK_QUEUE) == {second}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_it_does_not_go_on_after_a_failure(process: Process, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    monkeypatch.setattr(going_on, "AT_ONCE", 1)
    wanted = [work(1), work(2), work(3)]
    wanted[place] = fail()
    ids = process.plant(*wanted)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"]] * place + [["failed"]] + [[]] * (2 - place)
    assert queued(process.redis, DESK_QUEUE) == set(ids[place + 1 :])
    kinds = [kind for kind, uuid in process.told.events if uuid == ids[place]]
    assert kinds == ([] if place == 0 else ["task-received", "task-started", "task-failed"])


def test_nor_after_a_task_that_put_others_in_its_place(process: Process) -> None:
    """Planting may take seconds: the next ticket is for another worker."""
    ids = process.plant(app.signature("grow_ahead"), work(1))
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["delegated"], []]
    assert ids[1] in queued(process.redis, DESK_QUEUE)


def test_a_next_task_that_was_stopped_does_not_run(process: Process) -> None:
    ids = process.plant(work(1), work(2), work(3))
    change(process.ledger, ids[1], stop_requested=True)
    process.deliver(ids[0])
    assert process.outcomes(ids)[:2] == [["succeeded"], []]
    assert task(process.ledger, ids[1]).state == State.READY
    stop_task(process.ledger, ids[1], who="test")
    assert task(process.ledger, ids[1]).state == State.STOPPED


def test_a_next_ticket_that_was_taken_back_runs_nothing(process: Process) -> None:
    ids = process.plant(work(1), work(2))
    change(process.ledger, ids[1], ticket=9)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"], []]


@pytest.mark.parametrize("error", [RuntimeError("a defect"), LookupError("another")])
def test_a_next_claim_that_raises_leaves_the_record_and_the_ticket(
    process: Process, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def raises(*_: Any, **__: Any) -> None:
        raise error

    ids = process.plant(work(1), work(2))
    monkeypatch.setattr(going_on, "claim_beside", raises)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"], []]
    assert queued(process.redis, DESK_QUEUE) == {ids[1]}


def test_a_record_that_is_tried_again_claims_the_next_once(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def locked_once(engine: Engine, work_of: Callable[[Any], Any]) -> Any:
        def once(session: Any) -> Any:
            nonlocal tries
            done = work_of(session)
            tries += 1
            if tries == 1:
                session.flush()
                raise OperationalError("COMMIT", None, _locked(engine))
            return done

        return write(engine, once)

    ids = process.plant(work(1), work(2), work(3))
    monkeypatch.setattr(record, "write", locked_once)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"]] * 3
    assert rows_in(process.ledger, Attempt) == 3


def _locked(engine: Engine) -> Exception:
    """What the database's driver raises of a deadlock, or of a file that another process has locked."""
    if engine.dialect.name != "sqlite":
        deadlock: Exception = MySQLdb.OperationalError(1213, "Deadlock found when trying to get lock")
        return deadlock
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def test_a_record_that_comes_too_late_claims_nothing(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = process.plant(work(1), work(2))

    def slow(attempt: Any) -> Any:
        outcome = perform(attempt)
        change(process.ledger, ids[0], lease_until=past(process.ledger))
        return outcome

    monkeypatch.setattr(run, "perform", slow)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [[None], []]
    assert queued(process.redis, DESK_QUEUE) == {ids[1]}


def test_a_task_claimed_ahead_by_a_worker_that_died_runs_elsewhere(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """The worker's end."""

    ids = process.plant(work(1), work(2))
    real = run._run

    def dies(worker: Worker, claims: Any, onward: Any) -> Any:
        if any(got.fence.task_id == ids[1] for got in claims):
            raise Died
        return real(worker, claims, onward)

    monkeypatch.setattr(run, "_run", dies)
    with pytest.raises(Died):
        process.deliver(ids[0])
    assert task(process.ledger, ids[1]).state == State.RUNNING
    incarnation_died(process.ledger, process.worker.identity.incarnation, "killed")
    monkeypatch.setattr(run, "_run", real)
    ring_ready(process.ledger)
    process.deliver(ids[1])
    assert process.outcomes(ids) == [["succeeded"], ["lost", "succeeded"]]


@pytest.mark.parametrize("ends", ["should_stop", "should_terminate", "drain"])
def test_a_worker_that_is_to_end_takes_no_more(process: Process, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    ids = process.plant(work(1), work(2))
    if ends == "drain":

        def drained(attempt: Any) -> Any:
            outcome = perform(attempt)
            process.worker.identity.slot.ask(Stop.DRAIN, 0)
            return outcome

        monkeypatch.setattr(run, "perform", drained)
    else:
        monkeypatch.setattr(state, ends, 0)
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"], []]
    assert queued(process.redis, DESK_QUEUE) == {ids[1]}


def test_a_task_that_was_revoked_is_left_to_celery(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = process.plant(work(1), work(2))
    monkeypatch.setattr(state, "revoked", {ids[1]})
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"], []]
    assert queued(process.redis, DESK_QUEUE) == {ids[1]}


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 200), (600.0, 0)])
def test_it_answers_for_its_first_ticket_before_long(
    process: Process, monkeypatch: pytest.MonkeyPatch, seconds: float, most: int
) -> None:
    monkeypatch.setattr(going_on, "SECONDS", seconds)
    monkeypatch.setattr(going_on, "MOST", most)
    ids = process.plant(work(1), work(2))
    process.deliver(ids[0])
    assert process.outcomes(ids) == [["succeeded"], []]
    assert process.redis.llen(list_keys(DESK_QUEUE)[3]) == 1


def test_a_worker_of_a_phone_takes_each_ticket_from_celery(ledger: Engine, redis: Redis) -> None:
    worker = Worker.of(online_worker(ledger, "p1"), ledger, settings())
    assert worker.tickets is None
    assert going_on.Onward(worker).take() is None
