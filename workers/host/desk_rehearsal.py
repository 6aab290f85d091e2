"""What a worker at the desk does, for the zygote to rehearse: a task by itself, and the next ones with its record.

Without it each of a host's workers at the desk runs this code for the first time, and compiles its statements, with
tickets that people wait for: the first took 30 to 50 ms where later ones take 5.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine, select

import workers.campaigns.stages  # noqa: F401 - its desk tasks
from models.tables import Task
from models.tasks.states import State
from models.transactions.read_write import read
from workers.attempts.claim import Claim, claim
from workers.attempts.claim_beside import claim_beside
from workers.attempts.outcome import Succeeded
from workers.attempts.record import recorded
from workers.attempts.record_together import Done, record_together
from workers.dispatch.next_ticket import TakenTicket
from workers.execution.perform import RunningAttempt, perform
from workers.execution.worker import Worker
from workers.runtime.slots import Slot, safe_until
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import settings

DESK_TASK = "gather"
AT_A_TIME = 3  # tasks of one round: one by itself, two together
LEASE = 60.0


def begin(slot: Slot, got: Claim) -> None:
    """Notes in the slot of who rehearses that this task runs."""
    until = safe_until(got.asked_at, LEASE)
    slot.begin(got.fence.task_id, got.fence.attempt, lease_until=until, hard_limit=got.asked_at + got.hard_limit)


class DeskNotRehearsed(Exception):
    """The prepared tasks were not claimed."""


class DeskRehearsal:
    """A worker at the desk on a ledger with tasks that were rung."""

    def __init__(self, identity: WorkerIdentity, engine: Engine) -> None:
        self._worker = Worker.of(identity, engine, settings())
        self._zone = self._worker.settings.timezone.key

    def act(self) -> None:
        """Runs a task, and two more that it claims with the record of the first. Raises DeskNotRehearsed."""
        engine, one = self._worker.engine, self._worker.identity
        rung = (Task.state == State.READY, Task.flow == DESK_TASK, Task.rung_at.is_not(None))
        some = select(Task.id, Task.rung_step, Task.ticket).where(*rung).limit(AT_A_TIME)
        (first, step, number), *others = read(engine, lambda session: session.execute(some).all())
        got = claim(engine, one, first, lease=LEASE, zone=self._zone, step=step, number=number)
        if not isinstance(got, Claim):
            raise DeskNotRehearsed(got.why)
        tickets = [TakenTicket(task_id, DESK_TASK, at or 0, ticket, "", "", "", b"") for task_id, at, ticket in others]
        following = partial(claim_beside, worker=one, tickets=tickets, lease=LEASE, zone=self._zone)
        came = recorded(engine, got, self._perform(got), (), following).following
        claims = [claimed for claimed in came.values() if isinstance(claimed, Claim)]
        record_together(engine, [Done(claimed, self._perform(claimed)) for claimed in claims], None)

    def _perform(self, got: Claim) -> Succeeded:
        slot = self._worker.identity.slot
        begin(slot, got)
        outcome = perform(RunningAttempt.of(self._worker, got))
        slot.rest()
        if not isinstance(outcome, Succeeded):
            raise DeskNotRehearsed(repr(outcome))
        return outcome
