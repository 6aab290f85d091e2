"""Runs one ticket, from its claim to its record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery.exceptions import Reject
from celery.states import FAILURE, RETRY
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.tables import Task
from models.tasks.fence import LeaseLost, recorded_already
from models.tasks.states import State
from models.transactions.read_write import read, write
from workers.app import app
from workers.attempts.claim import Claim, NotMine, claim
from workers.attempts.flow_version import may_act
from workers.attempts.outcome import Failed, HandedBack, Outcome, Succeeded
from workers.attempts.record import NotFollowed, recorded
from workers.attempts.record_together import Done, record_together
from workers.attempts.step_times import step_times
from workers.dispatch.celery_state import TicketOutcome, state_reason, ticket_outcome
from workers.dispatch.ring import owe_again, ring
from workers.dispatch.tickets import NotPublished, Ticket, publish
from workers.execution.identify_account import may_look
from workers.execution.onward import PACE, Onward, Taken
from workers.execution.perform import RunningAttempt, note_refused, perform
from workers.execution.worker import Worker, current_worker
from workers.runtime.db_retry import AWAY, retry_while_unavailable
from workers.runtime.log_context import logged_with
from workers.runtime.outage import OUTAGE
from workers.runtime.slots import safe_until
from workers.runtime.worker_identity import phone_queue

log = logging.getLogger("phonefleet.run")

# Where nothing could be written down: its lease ran out, and another attempt follows.
LOST = TicketOutcome(RETRY, "lease lost")
Written = tuple[TicketOutcome, Sequence[str]]  # of a ticket, and the ids of tasks to be rung
AWAY_PAUSE = 1.0  # seconds before the next ticket is looked at while the ledger is away


def run_ticket(task_id: str, step: int | None = None, number: int | None = None, *, name: str = "") -> TicketOutcome:
    """Claims the ticket's task, runs it, records the outcome and rings the dependents. Returns the ticket's outcome.

    `step`: the ticket's priority; `number`: its number, if its message says; `name`: its flow's. A worker at the desk
    goes on with the next tickets of its queue for a moment. Raises Reject while the ledger is away, and passes on the
    exception of any defect before the claim.
    """
    worker = current_worker()
    engine, config = worker.engine, worker.settings
    try:
        its = partial(claim, lease=config.lease, zone=config.timezone.key, step=step, number=number)
        got = its(engine, worker.identity, task_id, acts=may_act(name))
    except AWAY as error:
        if not OUTAGE.saw(error):
            raise
        log.warning("%s not claimed, the ledger is away: %s", task_id, getattr(error, "orig", error))
        time.sleep(AWAY_PAUSE)  # ticket after ticket would be used up while nothing can be claimed
        raise Reject(requeue=True) from error
    OUTAGE.over(engine)
    if isinstance(got, NotMine):
        return _not_mine(engine, task_id, got)
    onward = Onward(worker)
    (result,) = _run(worker, [got], onward)
    while following := onward.next():  # as long as it may go on
        _go_on(worker, following, onward)
    return result


@dataclass(frozen=True, slots=True)
class _Ran:
    """A claimed task that was run: its outcome, None where its lease was lost, and its steps."""

    claim: Claim
    outcome: Outcome | None
    steps: Sequence[Mapping[str, Any]]


def _run(worker: Worker, claims: Sequence[Claim], onward: Onward) -> Sequence[TicketOutcome]:
    """Runs claimed tasks to their record, with which the next tickets are claimed. Returns the tickets' outcomes."""
    try:
        ran = [_performed(worker, got) for got in claims]
        written = _written_together(worker, ran, onward) or [
            _written(worker, one, onward if one is ran[-1] else None) for one in ran
        ]
    finally:
        worker.identity.slot.rest()
    # at rest: a Redis that hangs must not count as the task's time
    ring(worker.engine, [task_id for _, ready in written for task_id in ready])
    be_ready(worker, written[-1][0])
    return [outcome for outcome, _ in written]


def _performed(worker: Worker, got: Claim) -> _Ran:
    slot = worker.identity.slot
    slot.begin(
        got.fence.task_id,
        got.fence.attempt,
        lease_until=safe_until(got.asked_at, worker.settings.lease),
        hard_limit=got.asked_at + got.hard_limit,
    )
    with _logged(got):
        log.info("the attempt begins")
        began = time.monotonic()
        attempt = RunningAttempt.of(worker, got)
        # a claim that was confirmed late leaves no time in which the phone may be touched
        outcome = perform(attempt) if slot.lease_lasts() else HandedBack()
        PACE.note(got.flow, time.monotonic() - began)
    return _Ran(got, outcome, step_times(attempt.watch.steps))


def _written(worker: Worker, ran: _Ran, onward: Onward | None) -> Written:
    if ran.outcome is None:
        return LOST, ()
    with _logged(ran.claim):
        lasts = worker.identity.slot.lease_lasts
        return write_down(worker.engine, ran.claim, ran.outcome, lasts, ran.steps, onward)


def _written_together(worker: Worker, ran: Sequence[_Ran], onward: Onward) -> Sequence[Written] | None:
    """Records several tasks that succeeded with one transaction; None where each is to be recorded by itself."""
    done = [Done(one.claim, one.outcome) for one in ran if isinstance(one.outcome, Succeeded) and not one.steps]
    if len(done) < 2 or len(done) < len(ran):
        return None
    try:
        came = record_together(worker.engine, done, onward.take())
    except (LeaseLost, NotFollowed, *AWAY) as error:
        log.warning("%d tasks are recorded one by one: %s", len(done), getattr(error, "orig", error))
        return None
    if came is None:
        return None
    onward.settle(came)
    for one in done:
        with _logged(one.claim):
            log.info("the attempt ends: Succeeded; the task: %s", State.SUCCEEDED)
    return [(ticket_outcome(State.SUCCEEDED, ""), ()) for _ in done]


def _go_on(worker: Worker, following: Taken, onward: Onward) -> None:
    """Works tickets off that the worker took itself, and tells Flower of them as Celery does of its own."""
    began = time.monotonic()
    for ticket, _ in following:
        worker.events.began(ticket)
    told: dict[str, TicketOutcome] = {}
    try:
        told.update(
            {
                one.task_id: _not_mine(worker.engine, one.task_id, got)
                for one, got in following
                if isinstance(got, NotMine)
            }
        )
        claims = [got for _, got in following if isinstance(got, Claim)]
        if claims:
            told.update(zip([got.fence.task_id for got in claims], _run(worker, claims, onward), strict=True))
    except Exception as error:  # a defect: whoever waits for the ticket before is not to pay for it
        log.exception("tickets of %s", ", ".join(ticket.task_id for ticket, _ in following))
        failed = TicketOutcome(FAILURE, f"{type(error).__name__}: {error}")
        told = {ticket.task_id: failed for ticket, _ in following} | told
    for ticket, _ in following:
        worker.events.ended(ticket, told[ticket.task_id], (time.monotonic() - began) / len(following))


def be_ready(worker: Worker, result: TicketOutcome) -> None:
    """Connects to the phone before the next ticket: a connection that broke was closed, and a new one takes a second.

    A worker whose attempt was lost does so only if the ledger says that the phone is still its own.
    """
    if result == LOST:
        try:
            if not may_look(worker.engine, worker.identity):
                return
        except AWAY:
            return  # the next task connects
    worker.connection.connect_ahead()


@contextmanager
def _logged(got: Claim) -> Iterator[None]:
    """Names the attempt in each line that is logged inside the block."""
    with logged_with(
        task=got.fence.task_id,
        attempt=got.fence.attempt,
        flow=got.flow,
        campaign=got.campaign_id,
        phone=got.serial,
        account=got.account_id,
    ):
        yield


def _not_mine(engine: Engine, task_id: str, got: NotMine) -> TicketOutcome:
    if got.passed_to is not None:
        try:
            publish(app, [_passed_on(task_id, got, got.passed_to)])
        except NotPublished as error:
            log.warning("%s not passed on, the coordinator rings again: %s", task_id, error)
            write(engine, lambda session: owe_again(session, [task_id]))
    log.info("%s not run here: %s", task_id, got.why)
    return ticket_outcome(got.state, got.reason if got.state is not None and got.state is not State.READY else got.why)


def _passed_on(task_id: str, got: NotMine, serial: str) -> Ticket:
    return Ticket(task_id, got.flow, phone_queue(serial), got.priority, shown=got.shown, number=got.number)


def write_down(
    engine: Engine,
    got: Claim,
    outcome: Outcome,
    may_wait: Callable[[], bool] = bool,
    steps: Sequence[Mapping[str, Any]] = (),
    onward: Onward | None = None,
) -> Written:
    """Records an attempt's outcome. Returns the ticket's outcome and the ids to ring; records a refused late write.

    Retries while the ledger is away and `may_wait` is true. Claims the worker's next tickets with a success, if it is
    to go `onward`.
    """
    # other outcomes may take long to write: the next tickets would wait for them
    following = onward.take() if onward is not None and isinstance(outcome, Succeeded) else None
    came: Mapping[str, Claim | NotMine] = {}
    try:
        written = retry_while_unavailable(
            f"the outcome of {got.flow}", lambda: recorded(engine, got, outcome, steps, following), may_wait
        )
        came = written.following
    except LeaseLost as lost:
        if recorded_already(engine, got.fence):  # the database's answer to an earlier try was lost
            return read(engine, lambda session: _stands(session, got.fence.task_id)), ()
        note_refused(engine, got, type(outcome).__name__)
        log.warning("%s", lost)
        return LOST, ()
    finally:
        if onward is not None:
            onward.settle(came)
    log.info("the attempt ends: %s; the task: %s%s", _word(outcome), written.state, written.why and f", {written.why}")
    return ticket_outcome(written.state, written.why), written.ready


def _word(outcome: Outcome) -> str:
    """Returns the outcome for a line of the log: its kind, and a failure's code."""
    return f"Failed, {outcome.code}" if isinstance(outcome, Failed) else type(outcome).__name__


def _stands(session: Session, task_id: str) -> TicketOutcome:
    task = session.get_one(Task, task_id)
    return ticket_outcome(State(task.state), state_reason(task))
